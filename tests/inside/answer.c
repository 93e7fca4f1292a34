/* Reading answers: RFC 9112, without its leniencies. */
#include "answer.h"

#include "base/check.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { BODY_LIMIT = 64 << 20 };

struct reading {
    struct span rest;
    struct answer *answer;
    const char *why;
    bool ended, heads;
    bool chunked;
    int64_t length; /* -1: none is told */
};

static bool refuse(struct reading *reading, const char *why)
{
    reading->why = why;
    return false;
}

static bool is_token(struct span text)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && !memchr(others, c, sizeof others - 1))
            return false;
    }
    return text.n > 0;
}

/* ---- heads ---- */

static bool read_status(struct reading *reading, struct span line)
{
    const char *p = line.p;
    if (line.n < 14 || memcmp(p, "HTTP/1.1 ", 9) != 0 || p[12] != ' ')
        return refuse(reading, "no status line");
    for (int i = 9; i < 12; i++)
        if (p[i] < '0' || p[i] > '9')
            return refuse(reading, "no status");
    reading->answer->status = (p[9] - '0') * 100 + (p[10] - '0') * 10 + p[11] - '0';
    return reading->answer->status >= 100 || refuse(reading, "no status");
}

static bool read_header(struct reading *reading, struct span name, struct span value)
{
    struct answer *answer = reading->answer;
    if (span_equal_nocase(name, SPAN("Content-Length"))) {
        if (reading->length >= 0 || reading->chunked)
            return refuse(reading, "two lengths");
        reading->length = 0;
        for (size_t i = 0; i < value.n; i++) {
            if (value.p[i] < '0' || value.p[i] > '9' || i > 9)
                return refuse(reading, "no length");
            reading->length = reading->length * 10 + value.p[i] - '0';
        }
        return value.n > 0 || refuse(reading, "no length");
    }
    if (span_equal_nocase(name, SPAN("Transfer-Encoding"))) {
        if (reading->length >= 0 || reading->chunked || !span_equal(value, SPAN("chunked")))
            return refuse(reading, "a strange coding");
        reading->chunked = true;
    } else if (span_equal_nocase(name, SPAN("Content-Type"))) {
        answer->stream = span_starts(value, SPAN("text/event-stream"));
    } else if (span_equal_nocase(name, SPAN("Connection"))) {
        answer->closes = span_equal(value, SPAN("close"));
    }
    return true;
}

static struct span trimmed(struct span text)
{
    while (text.n && memchr(" \t", text.p[0], 2))
        text = (struct span){text.p + 1, text.n - 1};
    while (text.n && memchr(" \t", text.p[text.n - 1], 2))
        text.n--;
    return text;
}

static bool read_line(struct reading *reading, struct span line)
{
    struct span name = span_cut(&line, ':'), value = trimmed(line);
    if (!is_token(name))
        return refuse(reading, "no header's name");
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] < 0x20 && value.p[i] != '\t')
            return refuse(reading, "a control byte in a header");
    return read_header(reading, name, value);
}

/* False with why == NULL: it has not all come. */
static bool read_head(struct reading *reading)
{
    struct span *rest = &reading->rest;
    const char *end = rest->n ? memmem(rest->p, rest->n, "\r\n\r\n", 4) : NULL;
    if (!end)
        return false;
    struct span head = {rest->p, (size_t)(end - rest->p) + 2};
    bool first = true;
    reading->answer->head = head;
    *rest = (struct span){end + 4, rest->n - head.n - 2};
    reading->length = -1;
    reading->chunked = false;
    while (head.n) {
        const char *line_end = memmem(head.p, head.n, "\r\n", 2);
        CHECK(line_end);
        struct span line = {head.p, (size_t)(line_end - head.p)};
        if (!(first ? read_status(reading, line) : read_line(reading, line)))
            return false;
        head = (struct span){line_end + 2, head.n - line.n - 2};
        first = false;
    }
    return true;
}

/* ---- bodies ---- */

static void take(struct reading *reading, size_t n)
{
    struct span *rest = &reading->rest;
    if (n > rest->n)
        n = rest->n;
    CHECK(buf_append(&reading->answer->body, rest->p, n) == OK);
    *rest = (struct span){rest->p + n, rest->n - n};
}

/* The size's digits and CRLF; false: they have not all come, or why. */
static bool read_size(struct reading *reading, size_t *size)
{
    struct span *rest = &reading->rest;
    const char *end = rest->n ? memmem(rest->p, rest->n, "\r\n", 2) : NULL;
    if (!end)
        return rest->n > 10 ? refuse(reading, "no chunk's size") : false;
    size_t digits = (size_t)(end - rest->p);
    char text[9] = "", *stop;
    if (digits < 1 || digits > 8)
        return refuse(reading, "no chunk's size");
    memcpy(text, rest->p, digits);
    if (strspn(text, "0123456789abcdefABCDEF") != digits)
        return refuse(reading, "no chunk's size");
    *size = strtoul(text, &stop, 16);
    *rest = (struct span){end + 2, rest->n - digits - 2};
    return true;
}

static bool read_chunk_end(struct reading *reading)
{
    struct span *rest = &reading->rest;
    if (rest->n && memcmp(rest->p, "\r\n", rest->n < 2 ? 1 : 2) != 0)
        return refuse(reading, "a chunk does not end where it says");
    if (rest->n < 2)
        return false;
    *rest = (struct span){rest->p + 2, rest->n - 2};
    return true;
}

static bool read_chunks(struct reading *reading)
{
    size_t size;
    while (read_size(reading, &size)) {
        bool whole = size <= reading->rest.n;
        take(reading, size);
        if (!whole || !read_chunk_end(reading))
            break;
        if (size == 0)
            return true;
    }
    reading->rest.n = reading->why ? reading->rest.n : 0;
    return false;
}

static bool read_body(struct reading *reading)
{
    struct answer *answer = reading->answer;
    struct span rest = reading->rest;
    bool none = answer->status == 204 || answer->status == 304;
    if (none && (reading->length >= 0 || reading->chunked))
        return refuse(reading, "a length where there is no body");
    if (none)
        return true;
    if (reading->heads && (rest.n == 0 || span_starts(rest, SPAN("HTTP/1."))))
        return true;
    if (reading->chunked)
        return read_chunks(reading);
    if (reading->length < 0) {
        answer->closes = true;
        take(reading, rest.n);
        return reading->ended;
    }
    take(reading, (size_t)reading->length);
    return (int64_t)answer->body.len == reading->length;
}

bool answer_next(struct span *bytes, bool ended, bool heads, struct answer *answer,
                 const char **why)
{
    struct reading reading = {.rest = *bytes, .answer = answer, .ended = ended, .heads = heads};
    *answer = (struct answer){0};
    buf_init(&answer->body, BODY_LIMIT);
    bool got;
    do {
        answer->interim = answer->status != 0 && reading.rest.n == 0;
        got = read_head(&reading);
    } while (got && answer->status < 200);
    if (got)
        answer->whole = read_body(&reading);
    else if (!reading.why)
        reading.rest.n = 0;
    *why = reading.why;
    *bytes = reading.rest;
    return got && !reading.why;
}

void answer_free(struct answer *answer)
{
    buf_fini(&answer->body);
}

/* ---- what it says ---- */

const char *answer_member(const struct answer *answer, const char *name)
{
    static char text[512];
    json_t *body =
        json_loadb(answer->body.data ? answer->body.data : "", answer->body.len, 0, NULL);
    const char *value = json_string_value(json_object_get(body, name));
    snprintf(text, sizeof text, "%s", value ? value : "");
    json_decref(body);
    return text;
}
