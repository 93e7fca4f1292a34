/* Lines of JSON objects. A line is scanned once; what its members say is decoded where it has to be
 * and rendered at once. Data that is no string is embedded byte for byte. */
#include "server/ndjson.h"

#include "base/hash.h"
#include "engine/frame.h"
#include "server/names.h"
#include "json/scan.h"

#include <stdlib.h>

enum { STEP_BYTES = 128 << 10, STEP_LINES = 128, LINES_FIRST = 16 };

/* The members of a line, as they stand in it. */
struct members {
    struct json_member data, channel, event, key;
};

static enum error take_member(void *context, const struct json_member *member)
{
    struct members *members = context;
    const struct {
        struct span name;
        struct json_member *place;
    } known[] = {
        {SPAN("data"), &members->data},
        {SPAN("channel"), &members->channel},
        {SPAN("event"), &members->event},
        {SPAN("idempotency_key"), &members->key},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (!json_string_is(member->name, known[i].name))
            continue;
        if (known[i].place->name.p)
            return ERROR_NDJSON_MEMBER; /* twice */
        *known[i].place = *member;
        return OK;
    }
    return ERROR_NDJSON_MEMBER;
}

static struct span inside(const struct json_member *string)
{
    return (struct span){string->value.p + 1, string->value.n - 2};
}

/* Decodes a member that is a string; one that is missing or null leaves out as it is. */
static enum error decode(const struct json_member *member, struct buf *out)
{
    if (!member->name.p || member->kind == JSON_KIND_NULL)
        return OK;
    if (member->kind != JSON_KIND_STRING)
        return ERROR_NDJSON_STRING;
    out->len = 0;
    return json_string_decode(inside(member), out);
}

/* What a line means, decoded. */
struct meaning {
    struct buf channel, type, key, text;
    struct span data;
    bool json, keyed;
};

static enum error understand_names(const struct ndjson *ndjson, const struct members *members,
                                   struct meaning *meaning)
{
    enum error error = buf_append(&meaning->channel, ndjson->channel.p, ndjson->channel.n);
    if (!error)
        error = buf_append(&meaning->type, ndjson->type.p, ndjson->type.n);
    if (!error && ndjson->fixed && members->channel.name.p)
        return ERROR_NDJSON_CLIENT;
    if (!error && !ndjson->fixed) {
        error = decode(&members->channel, &meaning->channel);
        if (error == OK || error == ERROR_TOO_LARGE)
            error = error ? ERROR_CHANNEL_NAME : channel_check(buf_span(&meaning->channel));
    }
    if (!error && members->event.name.p && members->event.kind != JSON_KIND_NULL) {
        error = decode(&members->event, &meaning->type);
        if (error == OK || error == ERROR_TOO_LARGE)
            error = error ? ERROR_EVENT_TYPE : event_type_check(buf_span(&meaning->type));
    }
    if (!error && members->key.name.p && members->key.kind != JSON_KIND_NULL) {
        meaning->keyed = true;
        error = decode(&members->key, &meaning->key);
        if (error == OK || error == ERROR_TOO_LARGE)
            error = error ? ERROR_KEY_SYNTAX : key_check(buf_span(&meaning->key));
    }
    return error;
}

static enum error understand_data(const struct ndjson *ndjson, const struct json_member *data,
                                  struct meaning *meaning)
{
    if (!data->name.p)
        return ERROR_NDJSON_OBJECT;
    meaning->json = data->kind != JSON_KIND_STRING;
    meaning->data = data->value;
    if (!meaning->json) {
        enum error error = json_string_decode(inside(data), &meaning->text);
        if (error)
            return error;
        meaning->data = buf_span(&meaning->text);
    }
    return meaning->data.n > ndjson->max_event ? ERROR_TOO_LARGE : OK;
}

static enum error add_line(struct ndjson *ndjson, const struct meaning *meaning)
{
    if (ndjson->count == NDJSON_LINES_MAX)
        return ERROR_NDJSON_LINES;
    if (ndjson->count == ndjson->room) {
        uint32_t room = ndjson->room ? ndjson->room * 2 : LINES_FIRST;
        struct line *lines = realloc(ndjson->lines, room * sizeof *lines);
        if (!lines)
            return ERROR_NO_MEMORY;
        ndjson->lines = lines;
        ndjson->room = room;
    }
    struct span channel = buf_span(&meaning->channel), type = buf_span(&meaning->type);
    struct line line = {.entry = frame_new(channel, type, meaning->data, meaning->json)};
    if (!line.entry)
        return ERROR_NO_MEMORY;
    if (meaning->keyed) {
        line.keyed = true;
        line.key = key_name(channel, buf_span(&meaning->key));
        line.body = key_body(type, meaning->data, meaning->json);
    }
    ndjson->bytes += event_size(line.entry);
    ndjson->lines[ndjson->count++] = line;
    return OK;
}

static enum error read_line(struct ndjson *ndjson, struct span text)
{
    struct members members = {0};
    struct meaning meaning = {0};
    enum json_kind kind = JSON_KIND_NULL;
    enum error error = json_scan(text, &kind, take_member, &members, &ndjson->at);
    if (!error && kind != JSON_KIND_OBJECT)
        error = ERROR_NDJSON_OBJECT;
    if (error)
        return error;
    buf_init(&meaning.channel, CHANNEL_MAX);
    buf_init(&meaning.type, EVENT_TYPE_MAX);
    buf_init(&meaning.key, KEY_MAX);
    buf_init(&meaning.text, ndjson->max_event);
    error = understand_names(ndjson, &members, &meaning);
    if (!error)
        error = understand_data(ndjson, &members.data, &meaning);
    if (!error)
        error = add_line(ndjson, &meaning);
    buf_fini(&meaning.channel);
    buf_fini(&meaning.type);
    buf_fini(&meaning.key);
    buf_fini(&meaning.text);
    return error;
}

static bool is_blank(struct span text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!strchr(" \t\r", text.p[i]) || text.p[i] == '\0')
            return false;
    return true;
}

enum error ndjson_read(struct ndjson *ndjson, bool *done)
{
    enum error error = OK;
    const char *begin = ndjson->rest.p;
    for (int i = 0; i < STEP_LINES && ndjson->rest.n && !error; i++) {
        if (ndjson->rest.p - begin >= STEP_BYTES)
            break;
        struct span text = span_cut(&ndjson->rest, '\n');
        ndjson->number++;
        if (!is_blank(text))
            error = read_line(ndjson, text);
    }
    *done = !error && ndjson->rest.n == 0;
    return *done && ndjson->count == 0 ? ERROR_NDJSON_EMPTY : error;
}

void ndjson_fini(struct ndjson *ndjson)
{
    for (uint32_t i = 0; i < ndjson->count; i++)
        event_unref(ndjson->lines[i].entry);
    free(ndjson->lines);
    ndjson->lines = NULL;
    ndjson->count = ndjson->room = 0;
}
