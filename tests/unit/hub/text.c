/* Types and data. */
#include "text.h"

#include "base/id.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const types[TEXT_TYPES] = {"", "t", "say \"\\\"", "gr\xc3\xbc\xc3\x9f"};

/* No two are the same but for white space or 'x' at their ends. */
static const struct {
    const char *bytes;
    bool json;
} table[TEXT_DATA] = {
    {"", false},
    {"two\nlines", false},
    {"cr\rlf\ncrlf\r\nend\n", false},
    {"quote \" backslash \\ tab \t bell \a", false},
    {" \xc3\xbcml\xc3\xa4ut \xf0\x9f\x98\x80 \xe2\x80\xa8", false},
    {"{\"looks\": \"like JSON\"}", false},
    {"{\"a\": 1.50, \"b\": [1e3, 12345678901234567890.123]}", true},
    {"{\n  \"n\": null,\r\n  \"s\": \"x\\ny\",\r\"t\": true\n}\n", true},
    {"\"a string\"", true},
    {"-0.0e-0", true},
    {"[\n\n]", true},
    {"{\"\\u0041\": \"\\ud83d\\ude00\", \"b\": {\"c\": []}}", true},
};

bool text_equal(struct text a, struct text b)
{
    return a.type == b.type && a.data == b.data && a.pad == b.pad;
}

bool text_is_json(struct text text)
{
    return table[text.data].json;
}

struct span text_type(struct text text)
{
    return span_from(types[text.type]);
}

struct span text_data(struct text text, char *out)
{
    size_t n = strlen(table[text.data].bytes);
    memcpy(out, table[text.data].bytes, n);
    memset(out + n, text_is_json(text) ? ' ' : 'x', text.pad);
    return (struct span){out, n + text.pad};
}

/* The data with each line break as `by`. */
static size_t with_breaks(struct text text, char by, char *out)
{
    char bytes[TEXT_ROOM];
    struct span data = text_data(text, bytes);
    size_t n = 0;
    for (size_t i = 0; i < data.n; i++) {
        bool pair = data.p[i] == '\r' && i + 1 < data.n && data.p[i + 1] == '\n';
        i += pair;
        out[n++] = pair || data.p[i] == '\r' || data.p[i] == '\n' ? by : data.p[i];
    }
    out[n] = '\0';
    return n;
}

/* ---- envelopes ---- */

static bool takes(struct span *rest, const char *text)
{
    size_t n = strlen(text);
    if (rest->n < n || memcmp(rest->p, text, n) != 0)
        return false;
    *rest = (struct span){rest->p + n, rest->n - n};
    return true;
}

/* The one line of data of an event with that id and type; empty where it is not so. */
static struct span data_line(struct text text, uint64_t id, struct span frame)
{
    char head[256];
    struct span type = text_type(text);
    snprintf(head, sizeof head, "id: %s\n%s%.*s%sdata: ", id_text(id).text, type.n ? "event: " : "",
             (int)type.n, type.p, type.n ? "\n" : "");
    if (!takes(&frame, head))
        return (struct span){0};
    struct span line = span_cut(&frame, '\n');
    return frame.n == 1 && frame.p[0] == '\n' ? line : (struct span){0};
}

static bool is_one_chunk(const struct event *event)
{
    struct span wire = event_wire(event), frame = event_frame(event);
    char head[32];
    snprintf(head, sizeof head, "%zx\r\n", frame.n);
    return takes(&wire, head) && wire.n == frame.n + 2 && wire.p == frame.p &&
           memcmp(wire.p + frame.n, "\r\n", 2) == 0;
}

static bool is_string(const json_t *object, const char *name, const char *text, size_t n)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) && json_string_length(value) == n &&
           memcmp(json_string_value(value), text, n) == 0;
}

static bool holds_data(struct text text, const json_t *object, struct span line)
{
    char bytes[TEXT_ROOM];
    size_t n;
    if (!text_is_json(text)) {
        n = with_breaks(text, '\n', bytes);
        return is_string(object, "data", bytes, n);
    }
    n = with_breaks(text, ' ', bytes);
    json_t *data = json_loadb(bytes, n, JSON_DECODE_ANY, NULL);
    bool same = json_equal(json_object_get(object, "data"), data) &&
                memmem(line.p, line.n, bytes, n); /* byte for byte */
    json_decref(data);
    return same;
}

const char *text_judge(struct text text, const char *channel, uint64_t id,
                       const struct event *envelope)
{
    struct span line = data_line(text, id, event_frame(envelope)), type = text_type(text);
    if (!line.n)
        return "an envelope is not one line with its id and type";
    if (!is_one_chunk(envelope))
        return "an envelope is not one chunk";
    json_t *object = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
    bool right = json_object_size(object) == 4 &&
                 is_string(object, "channel", channel, strlen(channel)) &&
                 is_string(object, "id", id_text(id).text, strlen(id_text(id).text)) &&
                 (type.n ? is_string(object, "event", type.p, type.n)
                         : json_is_null(json_object_get(object, "event"))) &&
                 holds_data(text, object, line);
    json_decref(object);
    return right ? NULL : "an envelope says something else";
}
