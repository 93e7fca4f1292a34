/* Parsing the event stream format as a client must (WHATWG HTML, 9.2.6): bytes in, in pieces of any
 * size, events out. UTF-8 is decoded with replacement, one BOM at the start is skipped, a CR ends
 * its line at once (a LF that follows belongs to it), an id with NUL is ignored, retry only of
 * digits, an unfinished event at the end is dropped. Every buffer has a maximum. Owned by one
 * thread. */
#ifndef FRESHET_SSE_PARSE_H
#define FRESHET_SSE_PARSE_H

#include "base/buf.h"
#include "base/span.h"

#include <stdint.h>

struct sse_event {
    struct span type; /* "message" where none was given */
    struct span data; /* lines joined by LF */
    struct span id;   /* the last event id as it stands at this event; may be empty */
};

/* What the parser tells; any may be NULL. Spans live until the call returns; the parser must not be
 * called or freed from within. */
struct sse_handler {
    void (*event)(void *context, const struct sse_event *event);
    /* A block without data changed the last event id; the same id again is not told. */
    void (*position)(void *context, struct span id);
    /* At once, not with the block. Beyond 64 bits: UINT64_MAX. */
    void (*retry)(void *context, uint64_t ms);
    /* Without the colon and one space after it. */
    void (*comment)(void *context, struct span text);
};

struct sse_parser;

/* max: bytes that one line, as it was sent, and each of an event's data, type and id, as decoded,
 * may have. The handler is copied. NULL where there is no memory. */
struct sse_parser *sse_parser_new(const struct sse_handler *handler, void *context, size_t max);

/* NULL is nothing to free. */
void sse_parser_free(struct sse_parser *parser);

/* Takes the next bytes. ERROR_TOO_LARGE when a line or an event grows over max, ERROR_NO_MEMORY;
 * the parser is then of no more use but to be freed. */
enum error sse_parser_feed(struct sse_parser *parser, struct span bytes);

/* Forgets the unfinished event and line, as on a new connection, and expects a BOM again; keeps the
 * last event id. */
void sse_parser_restart(struct sse_parser *parser);

#endif
