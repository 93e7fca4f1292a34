/* Any bytes as a batch of lines: it is taken or refused, at the same line, as a plain reading with
 * jansson takes or refuses it, and each event says what its line says; data that is no string byte
 * for byte. Where jansson minds what only a converter minds, nothing is compared from there on. */
#include "base/check.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "server/names.h"
#include "server/ndjson.h"
#include "sse/parse.h"
#include "json/scan.h"

#include <jansson.h>
#include <stdlib.h>

enum { DATA_MAX = 200, MANY = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a line should become. */
enum verdict { TAKEN, REFUSED, UNSURE, BLANK };

struct reading {
    enum verdict verdict;
    json_t *object; /* of a line that is taken */
};

static unsigned depth_of(json_t *value)
{
    unsigned deepest = 0;
    size_t i;
    const char *name;
    json_t *inner;
    if (json_is_object(value))
        json_object_foreach(value, name, inner) deepest =
            depth_of(inner) > deepest ? depth_of(inner) : deepest;
    else if (json_is_array(value))
        json_array_foreach(value, i, inner) deepest =
            depth_of(inner) > deepest ? depth_of(inner) : deepest;
    else
        return 0;
    return deepest + 1;
}

static bool is_blank(struct span line)
{
    size_t n = 0;
    while (n < line.n && (line.p[n] == ' ' || line.p[n] == '\t' || line.p[n] == '\r'))
        n++;
    return n == line.n;
}

static struct span text_of(const json_t *value)
{
    return (struct span){json_string_value(value), json_string_length(value)};
}

/* A member that may be missing or null, and else is a string that passes the check. */
static bool passes(const json_t *object, const char *name, enum error (*check)(struct span))
{
    const json_t *value = json_object_get(object, name);
    return !value || json_is_null(value) || (json_is_string(value) && !check(text_of(value)));
}

static enum verdict judge(json_t *object)
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return REFUSED;
    json_object_foreach(object, name,
                        value) if (strcmp(name, "data") != 0 && strcmp(name, "channel") != 0 &&
                                   strcmp(name, "event") != 0 &&
                                   strcmp(name, "idempotency_key") != 0) return REFUSED;
    const json_t *data = json_object_get(object, "data");
    if (!data || !passes(object, "channel", channel_check) ||
        !passes(object, "event", event_type_check) || !passes(object, "idempotency_key", key_check))
        return REFUSED;
    return json_is_string(data) && json_string_length(data) > DATA_MAX ? REFUSED : TAKEN;
}

static struct reading read_plainly(struct span line)
{
    const size_t flags = JSON_ALLOW_NUL | JSON_DECODE_ANY;
    json_error_t error;
    if (is_blank(line))
        return (struct reading){BLANK, NULL};
    if (memchr(line.p, '\0', line.n)) /* jansson takes one between tokens for the end */
        return (struct reading){REFUSED, NULL};
    json_t *object = json_loadb(line.p, line.n, flags, &error);
    if (!object) {
        bool minds = json_error_code(&error) == json_error_numeric_overflow ||
                     json_error_code(&error) == json_error_null_byte_in_key;
        return (struct reading){minds ? UNSURE : REFUSED, NULL};
    }
    json_t *strict = json_loadb(line.p, line.n, flags | JSON_REJECT_DUPLICATES, NULL);
    enum verdict verdict = !strict                             ? UNSURE
                           : depth_of(object) > JSON_DEPTH_MAX ? REFUSED
                                                               : judge(object);
    json_decref(strict);
    if (verdict != TAKEN) {
        json_decref(object);
        object = NULL;
    }
    return (struct reading){verdict, object};
}

/* ---- what an event says ---- */

struct told {
    struct buf type, data;
    int events;
};

static void tell(void *context, const struct sse_event *event)
{
    struct told *told = context;
    told->events++;
    CHECK(buf_append(&told->type, event->type.p, event->type.n) == OK);
    CHECK(buf_append(&told->data, event->data.p, event->data.n) == OK);
}

static void read_frame(const struct event *event, struct told *told)
{
    static const struct sse_handler handler = {.event = tell};
    struct sse_parser *parser = sse_parser_new(&handler, told, MANY);
    struct span frame = {event->bytes + event->body, event->end - event->body};
    *told = (struct told){0};
    buf_init(&told->type, MANY);
    buf_init(&told->data, MANY);
    CHECK(parser && sse_parser_feed(parser, frame) == OK && told->events == 1);
    sse_parser_free(parser);
}

/* As the lines of an event come out: CR and CRLF are LF. */
static void unify(struct span text, struct buf *out)
{
    buf_init(out, MANY);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '\n' && i > 0 && text.p[i - 1] == '\r')
            continue;
        CHECK(buf_append(out, c == '\r' ? "\n" : &c, 1) == OK);
    }
}

static void check_data(const json_t *data, const struct event *event, struct span told,
                       struct span line)
{
    struct buf expected;
    CHECK(event->json == !json_is_string(data));
    unify(event->json ? line : text_of(data), &expected);
    if (event->json) {
        json_t *value = json_loadb(told.p, told.n, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
        CHECK(value && json_equal(value, data));
        CHECK(memmem(expected.data, expected.len, told.p, told.n));
        json_decref(value);
    } else {
        CHECK(span_equal(buf_span(&expected), told));
    }
    buf_fini(&expected);
}

static void check_event(const json_t *object, const struct line *got, struct span line)
{
    const json_t *channel = json_object_get(object, "channel");
    const json_t *type = json_object_get(object, "event");
    const json_t *key = json_object_get(object, "idempotency_key");
    struct told told;
    read_frame(got->entry, &told);
    CHECK(span_equal(event_channel(got->entry),
                     json_is_string(channel) ? text_of(channel) : SPAN("base")));
    CHECK(span_equal(buf_span(&told.type), json_is_string(type) ? text_of(type) : SPAN("usual")));
    check_data(json_object_get(object, "data"), got->entry, buf_span(&told.data), line);
    CHECK(got->keyed == json_is_string(key));
    if (got->keyed) {
        struct key_name name = key_name(event_channel(got->entry), text_of(key));
        CHECK(memcmp(&name, &got->key, sizeof name) == 0);
    }
    buf_fini(&told.type);
    buf_fini(&told.data);
}

/* ---- the batch ---- */

static void compare(struct span body, const struct ndjson *ndjson, enum error error)
{
    uint32_t number = 0, taken = 0;
    while (body.n) {
        struct span line = span_cut(&body, '\n');
        struct reading reading = read_plainly(line);
        number++;
        if (error && error != ERROR_NDJSON_EMPTY && number == ndjson->number) {
            bool large = error == ERROR_TOO_LARGE && line.n > DATA_MAX;
            CHECK(reading.verdict == REFUSED || reading.verdict == UNSURE || large);
            json_decref(reading.object);
            return;
        }
        CHECK(reading.verdict != REFUSED);
        if (reading.verdict == TAKEN) {
            CHECK(taken < ndjson->count);
            check_event(reading.object, &ndjson->lines[taken], line);
        }
        json_decref(reading.object);
        taken += reading.verdict != BLANK;
    }
    CHECK(taken == ndjson->count && (error == ERROR_NDJSON_EMPTY) == (taken == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    if (!ready)
        hash_init();
    ready = true;
    char *copy = malloc(size ? size : 1); /* where a sanitizer sees every step outside */
    CHECK(copy);
    if (size)
        memcpy(copy, data, size);
    struct span body = {copy, size};
    struct ndjson ndjson = {
        .rest = body, .channel = SPAN("base"), .type = SPAN("usual"), .max_event = DATA_MAX};
    bool done = false;
    enum error error = OK;
    while (!done && !error)
        error = ndjson_read(&ndjson, &done);
    CHECK(ndjson.at <= size);
    compare(body, &ndjson, error);
    ndjson_fini(&ndjson);
    free(copy);
    return 0;
}
