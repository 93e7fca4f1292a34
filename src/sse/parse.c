/* The parser. Bytes become lines, lines become fields, a blank line dispatches. Lines are cut out
 * of the bytes before UTF-8 is decoded: no byte of a longer sequence, whole or broken, is a CR or
 * LF, so the result is the same as decoding first. A line that lies whole in the fed piece is not
 * copied; only a piece's unfinished end is kept.
 * Nothing that is told depends on where the pieces were cut, save that a callback comes as early as
 * its line is complete. */
#include "sse/parse.h"

#include "base/units.h"
#include "base/utf8.h"
#include "sse/lines.h"

#include <stdlib.h>

struct sse_parser {
    struct sse_handler handler;
    void *context;
    struct buf line;    /* the unfinished line's bytes from earlier pieces, undecoded */
    struct buf data;    /* the event's lines so far, joined by LF */
    struct buf type;    /* empty: message */
    struct buf id;      /* the last event id as it stands */
    struct buf next_id; /* what the block under way makes of it, if it has_id */
    struct buf scratch; /* a comment that had to be repaired */
    bool has_data;
    bool has_id;
    bool started;  /* the first line, which may begin with a BOM, is over */
    bool after_cr; /* the piece before ended with a CR: a LF that comes first belongs to it */
};

struct sse_parser *sse_parser_new(const struct sse_handler *handler, void *context, size_t max)
{
    struct sse_parser *parser = calloc(1, sizeof *parser);
    if (!parser)
        return NULL;
    parser->handler = *handler;
    parser->context = context;
    buf_init(&parser->line, max);
    buf_init(&parser->data, max);
    buf_init(&parser->type, max);
    buf_init(&parser->id, max);
    buf_init(&parser->next_id, max);
    buf_init(&parser->scratch, max);
    return parser;
}

void sse_parser_free(struct sse_parser *parser)
{
    if (!parser)
        return;
    buf_fini(&parser->line);
    buf_fini(&parser->data);
    buf_fini(&parser->type);
    buf_fini(&parser->id);
    buf_fini(&parser->next_id);
    buf_fini(&parser->scratch);
    free(parser);
}

static void forget_block(struct sse_parser *parser)
{
    parser->data.len = 0;
    parser->type.len = 0;
    parser->has_data = false;
    parser->has_id = false;
}

void sse_parser_restart(struct sse_parser *parser)
{
    forget_block(parser);
    parser->line.len = 0;
    parser->started = false;
    parser->after_cr = false;
}

/* How much of the bytes at the front, which are no valid UTF-8, becomes one U+FFFD: as long as they
 * could still have become a code point, at least one byte (Encoding Standard, UTF-8 decoder). */
static size_t broken_length(struct span text)
{
    const unsigned char *p = (const unsigned char *)text.p;
    size_t whole = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2, n = 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 1;
    unsigned char least = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char most = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    while (n < whole && n < text.n && p[n] >= least && p[n] <= most) {
        least = 0x80;
        most = 0xbf;
        n++;
    }
    return n;
}

static enum error append_decoded(struct buf *out, struct span text)
{
    if (utf8_valid(text))
        return buf_append(out, text.p, text.n);
    enum error error = OK;
    while (text.n && !error) {
        uint32_t code_point;
        size_t n = utf8_next(text, &code_point);
        if (n) {
            error = buf_append(out, text.p, n);
        } else {
            n = broken_length(text);
            error = buf_append(out, "\xef\xbf\xbd", 3);
        }
        text.p += n;
        text.n -= n;
    }
    return error;
}

static void dispatch(struct sse_parser *parser)
{
    bool moved = parser->has_id && !span_equal(buf_span(&parser->id), buf_span(&parser->next_id));
    if (moved) {
        struct buf id = parser->id;
        parser->id = parser->next_id;
        parser->next_id = id;
    }
    if (parser->has_data) {
        struct sse_event event = {
            .type = parser->type.len ? buf_span(&parser->type) : SPAN("message"),
            .data = buf_span(&parser->data),
            .id = buf_span(&parser->id),
        };
        if (parser->handler.event)
            parser->handler.event(parser->context, &event);
    } else if (moved && parser->handler.position) {
        parser->handler.position(parser->context, buf_span(&parser->id));
    }
    forget_block(parser);
}

static enum error take_comment(struct sse_parser *parser, struct span text)
{
    if (!parser->handler.comment)
        return OK;
    parser->scratch.len = 0;
    enum error error = append_decoded(&parser->scratch, text);
    if (!error)
        parser->handler.comment(parser->context, buf_span(&parser->scratch));
    return error;
}

static enum error take_data(struct sse_parser *parser, struct span value)
{
    enum error error = parser->has_data ? buf_append(&parser->data, "\n", 1) : OK;
    parser->has_data = true;
    return error ? error : append_decoded(&parser->data, value);
}

static enum error take_type(struct sse_parser *parser, struct span value)
{
    parser->type.len = 0;
    return append_decoded(&parser->type, value);
}

static enum error take_id(struct sse_parser *parser, struct span value)
{
    if (value.n && memchr(value.p, '\0', value.n))
        return OK;
    parser->has_id = true;
    parser->next_id.len = 0;
    return append_decoded(&parser->next_id, value);
}

/* An empty value is no number; one beyond 64 bits means as long as can be said. */
static enum error take_retry(struct sse_parser *parser, struct span value)
{
    uint64_t ms;
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < '0' || value.p[i] > '9')
            return OK;
    if (value.n == 0 || !parser->handler.retry)
        return OK;
    if (!number_parse(value, UINT64_MAX, &ms))
        ms = UINT64_MAX;
    parser->handler.retry(parser->context, ms);
    return OK;
}

static const struct field {
    const char *name;
    enum error (*take)(struct sse_parser *parser, struct span value);
} fields[] = {
    {"data", take_data},   {"id", take_id},    {"event", take_type},
    {"retry", take_retry}, {"", take_comment}, /* a line that begins with a colon */
};

static enum error take_line(struct sse_parser *parser, struct span line)
{
    if (!parser->started && span_starts(line, SPAN("\xef\xbb\xbf"))) {
        line.p += 3;
        line.n -= 3;
    }
    parser->started = true;
    if (line.n == 0) {
        dispatch(parser);
        return OK;
    }
    const char *colon = memchr(line.p, ':', line.n), *end = line.p + line.n;
    struct span name = {line.p, (size_t)((colon ? colon : end) - line.p)};
    struct span value = {end, 0};
    if (colon)
        value = (struct span){colon + 1, (size_t)(end - colon - 1)};
    if (span_starts(value, SPAN(" "))) {
        value.p++;
        value.n--;
    }
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (span_equal(name, span_from(fields[i].name)))
            return fields[i].take(parser, value);
    return OK;
}

/* The end of a line: what was kept of it and what the piece adds. */
static enum error end_line(struct sse_parser *parser, struct span rest)
{
    if (parser->line.len == 0)
        return rest.n <= parser->line.max ? take_line(parser, rest) : ERROR_TOO_LARGE;
    enum error error = buf_append(&parser->line, rest.p, rest.n);
    if (!error)
        error = take_line(parser, buf_span(&parser->line));
    parser->line.len = 0;
    return error;
}

enum error sse_parser_feed(struct sse_parser *parser, struct span bytes)
{
    if (bytes.n == 0)
        return OK;
    const char *p = bytes.p, *end = p + bytes.n;
    if (parser->after_cr && *p == '\n')
        p++;
    parser->after_cr = end[-1] == '\r';
    struct lines lines = lines_from(p, end);
    while (p < end) {
        const char *stop = lines_stop(&lines, p);
        struct span piece = {p, (size_t)(stop - p)};
        if (stop == end)
            return buf_append(&parser->line, piece.p, piece.n);
        enum error error = end_line(parser, piece);
        if (error)
            return error;
        p = lines_after(&lines, stop);
    }
    return OK;
}
