/* Batches. A line is rendered behind the others and taken back where it turns out wrong or too
 * large. A key of ours always stands first in its line, so that it can be found and blanked. */
#include "client/batch.h"

#include "base/check.h"
#include "base/utf8.h"
#include "json/scan.h"
#include "json/write.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEY_MEMBER_MAX = 32 + 6 * BATCH_KEY_MAX };

static const char key_name[] = "idempotency_key";

void batch_init(struct batch *batch, size_t body_max)
{
    *batch = (struct batch){.keyed = true};
    batch->lines = memory_new(BATCH_LINES_MAX * sizeof *batch->lines);
    buf_init(&batch->body, body_max);
}

void batch_fini(struct batch *batch)
{
    buf_fini(&batch->body);
    free(batch->lines);
    *batch = (struct batch){0};
}

void batch_clear(struct batch *batch)
{
    batch->body.len = 0;
    batch->count = 0;
    batch->keyed = true;
    batch->alone = batch->json = false;
    batch->key[0] = '\0';
}

bool batch_is_full(const struct batch *batch)
{
    return batch->alone || batch->count == BATCH_LINES_MAX || batch->body.len >= BATCH_BYTES_MAX;
}

/* ---- keys ---- */

/* The format's key, quoted and escaped, for a line; without a number its front, up to where the
 * number stands. Fits KEY_MEMBER_MAX. */
static enum error write_key(const struct batch_format *format, const uint64_t *number,
                            struct buf *out)
{
    enum error error = buf_append(out, "\"", 1);
    if (!error)
        error = json_write_escaped(span_from(format->key), out);
    if (error || !number)
        return error;
    if (!format->numbered)
        return buf_append(out, "\"", 1);
    char digits[32];
    int n = snprintf(digits, sizeof digits, "-%llu\"", (unsigned long long)*number);
    return buf_append(out, digits, (size_t)n);
}

/* `{` and, where lines get keys, `"idempotency_key":"…",`. */
static enum error write_front(const struct batch_format *format, uint64_t number, struct buf *out)
{
    if (!format->key[0])
        return buf_append(out, "{", 1);
    enum error error = buf_append(out, "{\"idempotency_key\":", 19);
    if (!error)
        error = write_key(format, &number, out);
    return error ? error : buf_append(out, ",", 1);
}

void batch_forget_keys(struct batch *batch, const struct batch_format *format)
{
    char bytes[KEY_MEMBER_MAX];
    struct buf front = {.data = bytes, .cap = sizeof bytes, .max = sizeof bytes};
    batch->keyed = false;
    batch->key[0] = '\0';
    if (batch->alone || !format->key[0])
        return;
    CHECK(buf_append(&front, "{\"idempotency_key\":", 19) == OK);
    CHECK(write_key(format, NULL, &front) == OK);
    for (uint32_t i = 0; i < batch->count; i++) {
        size_t start = i ? batch->lines[i - 1].end : 0;
        if (!batch->lines[i].given)
            continue;
        char *line = batch->body.data + start, *end = batch->body.data + batch->lines[i].end;
        char *comma = memchr(line + front.len, ',', (size_t)(end - line) - front.len);
        CHECK(comma);
        memset(line + 1, ' ', (size_t)(comma - line));
        batch->lines[i].given = false;
    }
}

/* ---- one line ---- */

static enum error add_text(struct batch *batch, const struct batch_format *format, struct span text,
                           uint64_t number)
{
    struct buf *body = &batch->body;
    enum error error = write_front(format, number, body);
    if (!error)
        error = buf_append(body, "\"data\":\"", 8);
    if (!error)
        error = json_write_escaped(text, body);
    return error ? error : buf_append(body, "\"}\n", 3);
}

static enum error add_json(struct batch *batch, const struct batch_format *format, struct span text,
                           uint64_t number, size_t *at)
{
    struct buf *body = &batch->body, type;
    bool typed = false;
    enum error error = write_front(format, number, body);
    if (!error)
        error = buf_append(body, "\"data\":", 7);
    size_t start = body->len, length = text.n;
    if (!error)
        error = buf_append(body, text.p, text.n);
    if (error)
        return error;
    buf_init(&type, text.n);
    error = json_cut_string(body->data + start, &length, SPAN("_event"), &type, &typed, at);
    body->len = start + length;
    if (!error && typed && !format->typed) {
        error = buf_append(body, ",\"event\":", 9);
        if (!error)
            error = json_write_string(buf_span(&type), body);
    }
    buf_fini(&type);
    return error ? error : buf_append(body, "}\n", 2);
}

/* What a line of application/x-ndjson holds, as far as it matters here. */
struct members {
    bool some;
    struct json_member key;
};

static enum error take_member(void *context, const struct json_member *member)
{
    struct members *members = context;
    members->some = true;
    if (!members->key.name.p && json_string_is(member->name, span_from(key_name)))
        members->key = *member;
    return OK;
}

static enum error add_line(struct batch *batch, const struct batch_format *format, struct span text,
                           uint64_t number, bool *given, size_t *at)
{
    struct buf *body = &batch->body;
    struct members members = {0};
    enum json_kind kind;
    enum error error = json_scan(text, &kind, take_member, &members, at);
    if (!error && (kind != JSON_KIND_OBJECT || !members.some))
        error = ERROR_NDJSON_OBJECT;
    if (error)
        return error;
    struct span rest = text;
    bool none = !members.key.name.p;
    *given = none && format->key[0];
    if (none) {
        rest = (struct span){text.p + 1, text.n - 1};
        error = write_front(format, number, body);
    } else if (members.key.kind == JSON_KIND_NULL && format->key[0]) {
        struct span null = members.key.value;
        error = buf_append(body, text.p, (size_t)(null.p - text.p));
        if (!error)
            error = write_key(format, &number, body);
        rest = (struct span){null.p + null.n, (size_t)(text.p + text.n - null.p) - null.n};
    }
    if (!error)
        error = buf_append(body, rest.p, rest.n);
    if (!format->key[0] && (none || members.key.kind == JSON_KIND_NULL))
        batch->keyed = false;
    return error ? error : buf_append(body, "\n", 1);
}

static enum error add_alone(struct batch *batch, const struct batch_format *format,
                            struct span text, uint64_t number, size_t *at)
{
    enum error error = format->kind == BATCH_JSON ? json_scan(text, NULL, NULL, NULL, at) : OK;
    if (error)
        return error;
    if (batch->count)
        return ERROR_TOO_LARGE;
    error = buf_append(&batch->body, text.p, text.n);
    if (error)
        return error;
    batch->alone = true;
    batch->json = format->kind == BATCH_JSON;
    if (format->key[0] && format->numbered)
        snprintf(batch->key, sizeof batch->key, "%.100s-%llu", format->key,
                 (unsigned long long)number);
    else
        snprintf(batch->key, sizeof batch->key, "%s", format->key);
    return OK;
}

static struct span without_space(struct span text)
{
    while (text.n && memchr(" \t\r\n", text.p[0], 4))
        text.p++, text.n--;
    while (text.n && memchr(" \t\r\n", text.p[text.n - 1], 4))
        text.n--;
    return text;
}

/* The first byte that is no UTF-8 there. */
static size_t first_wrong(struct span text)
{
    size_t n = 0, step;
    uint32_t code;
    while (n < text.n && (step = utf8_next((struct span){text.p + n, text.n - n}, &code)))
        n += step;
    return n;
}

static enum error render(struct batch *batch, const struct batch_format *format, struct span text,
                         uint64_t number, bool *given, size_t *at)
{
    *given = format->key[0];
    switch (format->kind) {
    case BATCH_TEXT:
        if (!utf8_valid(text)) {
            *at = first_wrong(text);
            return ERROR_UTF8;
        }
        return text.n > BATCH_BODY_MAX / 8 && batch->count == 0
                   ? add_alone(batch, format, text, number, at)
                   : add_text(batch, format, text, number);
    case BATCH_JSON:
        return text.n && (text.p[0] == '"' || memchr(text.p, '\n', text.n))
                   ? add_alone(batch, format, text, number, at)
                   : add_json(batch, format, text, number, at);
    default:
        return add_line(batch, format, text, number, given, at);
    }
}

enum error batch_add(struct batch *batch, const struct batch_format *format, struct span text,
                     uint64_t number, uint64_t read, size_t *at)
{
    size_t before = batch->body.len, front = 0;
    bool keyed = batch->keyed, given;
    if (batch_is_full(batch))
        return ERROR_TOO_LARGE;
    if (format->kind != BATCH_TEXT) {
        struct span inner = without_space(text);
        front = (size_t)(inner.p - text.p);
        text = inner;
    }
    *at = 0;
    enum error error = render(batch, format, text, number, &given, at);
    *at += front;
    if (!error && batch->count && batch->body.len > BATCH_BYTES_MAX)
        error = ERROR_TOO_LARGE;
    if (error) {
        batch->body.len = before;
        batch->keyed = keyed;
        return error;
    }
    if (!format->key[0] && format->kind != BATCH_LINES)
        batch->keyed = false;
    batch->lines[batch->count++] =
        (struct batch_line){.number = number, .read = read, .end = batch->body.len, .given = given};
    return OK;
}
