/* Lines that become the body of one request to a hub: application/x-ndjson, each line with an
 * idempotency key, so that the very same bytes may be sent again. What cannot stand in such a line
 * (a JSON string that is to stay JSON, JSON over several lines, a text too large for a batch) is a
 * batch of itself, `alone`, and its body the event's data. Bytes in, bytes out; no I/O. One thread.
 *
 * A key is the format's, behind it the line's number where `numbered`. A line's own stays. */
#ifndef FRESHET_CLIENT_BATCH_H
#define FRESHET_CLIENT_BATCH_H

#include "base/buf.h"

#include <stdint.h>

enum {
    BATCH_LINES_MAX = 2000,
    BATCH_BYTES_MAX =
        512 << 10,            /* but for a line that is larger by itself; proxies often take 1M */
    BATCH_BODY_MAX = 8 << 20, /* that a hub takes as lines */
    BATCH_KEY_MAX = 128,
};

enum batch_kind {
    BATCH_TEXT,  /* the line is the event's data */
    BATCH_JSON,  /* it is one JSON value, white space around it aside; in an object a string member
                    `_event` names the type and is cut out, as the hub does it */
    BATCH_LINES, /* it is a line of application/x-ndjson already */
};

struct batch_format {
    enum batch_kind kind;
    char key[BATCH_KEY_MAX + 1]; /* visible ASCII; empty: lines get none */
    bool numbered;
    bool typed; /* the request's URL names the type, which wins over `_event` */
};

struct batch_line {
    uint64_t number; /* of the input, from 1 */
    uint64_t read;   /* bytes of the input up to and with it */
    size_t end;      /* of it in the body, behind its LF */
    bool given;      /* its key is the format's, and stands first in it */
};

struct batch {
    struct buf body;
    struct batch_line *lines; /* room for BATCH_LINES_MAX */
    uint32_t count;
    bool keyed;                  /* every line has a key */
    bool alone, json;            /* json: the one event's data is JSON */
    char key[BATCH_KEY_MAX + 1]; /* of the event alone, for the header; may be empty */
};

/* body_max: the largest body, which a line is held to. */
void batch_init(struct batch *batch, size_t body_max);
void batch_fini(struct batch *batch);

/* Empty again; keeps its memory. */
void batch_clear(struct batch *batch);

/* No other line fits. */
bool batch_is_full(const struct batch *batch);

/* Adds a line (without line end) or leaves the batch as it was. ERROR_TOO_LARGE: there is no room
 * behind the lines that are there; where there are none, it is too large for any. ERROR_UTF8,
 * ERROR_JSON_SYNTAX, ERROR_JSON_DEPTH, ERROR_JSON_TWICE, ERROR_NDJSON_OBJECT: the line is wrong;
 * *at is where, but for ERROR_NDJSON_OBJECT. */
enum error batch_add(struct batch *batch, const struct batch_format *format, struct span text,
                     uint64_t number, uint64_t read, size_t *at);

/* Takes the keys that batch_add gave out again: they become white space. */
void batch_forget_keys(struct batch *batch, const struct batch_format *format);

#endif
