/* A body of application/x-ndjson becomes lines for the log, some at a time: all of them, or an
 * error and the number of the line that has it. Bytes in, entries out; no I/O. One thread. */
#ifndef FRESHET_SERVER_NDJSON_H
#define FRESHET_SERVER_NDJSON_H

#include "base/buf.h"
#include "engine/engine.h"

enum { NDJSON_LINES_MAX = 10000, NDJSON_BYTES_MAX = 8 << 20 };

struct ndjson {
    struct span rest;    /* of the body, which outlives this */
    struct span channel; /* of lines that name none; the caller's */
    struct span type;    /* the same; may be empty */
    bool fixed;          /* lines may not name one: they go to a client */
    size_t max_event;    /* bytes of a line's data */
    struct line *lines;  /* this one's, with their entries, until they are taken */
    uint32_t count, room;
    uint32_t number; /* of the line in hand, from 1, blank ones included */
    size_t at;       /* where in it the JSON breaks */
    size_t bytes;    /* of all entries */
};

/* The fields that are the caller's are set, the others zero. Reads some of the body; *done: all is
 * read, and there is at least one line. ERROR_NDJSON_…, ERROR_JSON_…, ERROR_UTF8, ERROR_KEY_SYNTAX,
 * names.h's, ERROR_TOO_LARGE, ERROR_NO_MEMORY. */
enum error ndjson_read(struct ndjson *ndjson, bool *done);

/* Drops the lines. */
void ndjson_fini(struct ndjson *ndjson);

#endif
