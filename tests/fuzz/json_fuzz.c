/* Any bytes as JSON. The scanner accepts what jansson accepts, save for depth and what only a
 * converter minds; a refusal's offset leaves a text that can be gone on with; members are the
 * text's own bytes; cutting takes one member away and nothing else. */
#include "base/check.h"
#include "base/utf8.h"
#include "json/scan.h"

#include <jansson.h>
#include <stdlib.h>

enum { MEMBERS_MAX = 64, BUF_MAX = 1 << 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct members {
    struct span text;
    struct json_member list[MEMBERS_MAX];
    size_t count; /* those beyond MEMBERS_MAX are counted, not kept */
};

static void check_inside(struct span part, struct span text)
{
    CHECK(part.p > text.p && part.p + part.n <= text.p + text.n);
}

static enum error take_member(void *context, const struct json_member *member)
{
    struct members *members = context;
    check_inside(member->name, members->text);
    check_inside(member->value, members->text);
    CHECK(member->name.p[-1] == '"' && member->name.p[member->name.n] == '"');
    CHECK(member->name.p + member->name.n < member->value.p);
    if (members->count < MEMBERS_MAX)
        members->list[members->count] = *member;
    members->count++;
    return OK;
}

static void check_value(const struct json_member *member)
{
    enum json_kind kind;
    CHECK(json_scan(member->value, &kind, NULL, NULL, NULL) == OK);
    CHECK(kind == member->kind);
}

static void check_string(struct span raw, struct buf *plain)
{
    buf_init(plain, BUF_MAX);
    CHECK(json_string_decode(raw, plain) == OK);
    CHECK(plain->len <= raw.n);
    CHECK(plain->len == 0 || utf8_valid(buf_span(plain)));
    CHECK(json_string_is(raw, buf_span(plain)));
    if (plain->len) {
        CHECK(!json_string_is(raw, (struct span){plain->data, plain->len - 1}));
        plain->data[plain->len / 2] ^= 1;
        CHECK(!json_string_is(raw, buf_span(plain)));
        plain->data[plain->len / 2] ^= 1;
    }
}

static void check_refusal(struct span text, enum error error, size_t at)
{
    size_t again;
    CHECK(error == ERROR_JSON_SYNTAX || error == ERROR_JSON_DEPTH || error == ERROR_UTF8);
    CHECK(at <= text.n && (at < text.n || error == ERROR_JSON_SYNTAX));
    error = json_scan((struct span){text.p, at}, NULL, NULL, NULL, &again);
    CHECK(error == OK || (error == ERROR_JSON_SYNTAX && again == at));
}

static json_type jansson_type(enum json_kind kind)
{
    static const json_type types[] = {
        [JSON_KIND_OBJECT] = JSON_OBJECT, [JSON_KIND_ARRAY] = JSON_ARRAY,
        [JSON_KIND_STRING] = JSON_STRING, [JSON_KIND_NUMBER] = JSON_REAL,
        [JSON_KIND_TRUE] = JSON_TRUE,     [JSON_KIND_FALSE] = JSON_FALSE,
        [JSON_KIND_NULL] = JSON_NULL,
    };
    return types[kind];
}

static void check_same_value(json_t *value, struct span text, enum json_kind kind)
{
    CHECK(json_typeof(value) == jansson_type(kind));
    if (kind != JSON_KIND_STRING)
        return;
    const char *first = memchr(text.p, '"', text.n);
    const char *last = memrchr(text.p, '"', text.n);
    struct buf plain;
    check_string((struct span){first + 1, (size_t)(last - first - 1)}, &plain);
    struct span theirs = {json_string_value(value), json_string_length(value)};
    CHECK(span_equal(buf_span(&plain), theirs));
    buf_fini(&plain);
}

static void check_against_jansson(struct span text, enum error error, enum json_kind kind)
{
    if (text.n && memchr(text.p, '\0', text.n)) {
        CHECK(error); /* jansson takes a NUL between tokens for the text's end */
        return;
    }
    json_error_t why;
    json_t *value = json_loadb(text.p, text.n,
                               JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &why);
    if (!value)
        CHECK(error || json_error_code(&why) == json_error_numeric_overflow ||
              json_error_code(&why) == json_error_null_byte_in_key);
    else if (error)
        CHECK(error == ERROR_JSON_DEPTH);
    else
        check_same_value(value, text, kind);
    json_decref(value);
}

/* Which of the members is the one to be cut; count where there is none, or are two. */
static size_t find_string(const struct members *members, struct span name, bool *twice)
{
    size_t found = members->count;
    *twice = false;
    for (size_t i = 0; i < members->count; i++)
        if (members->list[i].kind == JSON_KIND_STRING &&
            json_string_is(members->list[i].name, name)) {
            *twice = found < members->count;
            found = i;
        }
    return found;
}

/* `left` is the text without one run of bytes. */
static void check_cut_out(struct span text, struct span left)
{
    size_t same = 0, tail = 0;
    while (same < left.n && left.p[same] == text.p[same])
        same++;
    while (tail < left.n && left.p[left.n - 1 - tail] == text.p[text.n - 1 - tail])
        tail++;
    CHECK(left.n <= text.n && same + tail >= left.n);
}

static void check_left(const struct members *before, size_t gone, struct span left)
{
    struct members after = {.text = left};
    CHECK(json_scan(left, NULL, take_member, &after, NULL) == OK);
    CHECK(after.count == before->count - 1);
    for (size_t i = 0; i < after.count; i++) {
        const struct json_member *old = &before->list[i < gone ? i : i + 1];
        CHECK(span_equal(after.list[i].name, old->name));
        CHECK(span_equal(after.list[i].value, old->value));
        CHECK(after.list[i].kind == old->kind);
    }
}

static void check_cut(const struct members *members, struct span name)
{
    struct span text = members->text;
    char *copy = malloc(text.n);
    struct buf value;
    size_t n = text.n;
    bool found, twice;
    CHECK(copy);
    memcpy(copy, text.p, n);
    buf_init(&value, BUF_MAX);
    size_t which = find_string(members, name, &twice);
    enum error error = json_cut_string(copy, &n, name, &value, &found, NULL);
    CHECK(error == (twice ? ERROR_JSON_TWICE : OK));
    CHECK(found == (which < members->count && !twice));
    check_cut_out(text, (struct span){copy, n});
    if (found) {
        struct span quoted = members->list[which].value;
        CHECK(json_string_is((struct span){quoted.p + 1, quoted.n - 2}, buf_span(&value)));
        check_left(members, which, (struct span){copy, n});
    } else {
        CHECK(n == text.n && value.len == 0);
    }
    buf_fini(&value);
    free(copy);
}

/* Every member's name in turn is the one to be cut. */
static void check_members(const struct members *members)
{
    check_cut(members, SPAN("_event"));
    for (size_t i = 0; i < members->count; i++) {
        struct buf name;
        check_value(&members->list[i]);
        check_string(members->list[i].name, &name);
        check_cut(members, buf_span(&name));
        buf_fini(&name);
    }
}

static void check_text(struct span text)
{
    struct members members = {.text = text};
    enum json_kind kind = JSON_KIND_NULL;
    size_t at;
    enum error error = json_scan(text, &kind, take_member, &members, &at);
    check_against_jansson(text, error, kind);
    if (error)
        check_refusal(text, error, at);
    else if (kind != JSON_KIND_OBJECT)
        CHECK(members.count == 0);
    else if (members.count <= MEMBERS_MAX)
        check_members(&members);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    CHECK(copy);
    if (size)
        memcpy(copy, data, size);
    check_text((struct span){copy, size});
    free(copy);
    return 0;
}
