/* Publishing batches to a Freshet hub over one connection that is kept open, one request at a time,
 * so that the order is the caller's. Knows neither terminal nor where lines come from.
 *
 * What an answer means:
 *   200, as a hub says it   published
 *   408 425 429 503         nothing was published; try again, not before Retry-After
 *   500 502 504 and others  try again, but nobody knows what happened to this attempt
 *   413 without a line      half of it is tried, and so on (a proxy's limit on bodies)
 *   400 to 499              refused for good. Where the hub names a line, the lines before it are
 *                           sent by themselves, since it takes all of a batch or none
 *   300 to 399              refused; a redirect is told, not followed
 * No answer at all: try again, after a wait by full jitter that grows.
 *
 * Retries are the very same bytes. A hub remembers keys for ten minutes: from the first attempt
 * that may have arrived, a batch is sent again for at most PUBLISH_SAFE_MS, and a batch without
 * keys never. A hub that can remember no more keys is sent what follows without any, for as long.
 *
 * Owned by one thread, which calls publish_turn. Handlers are called from within publish_turn
 * alone and call nothing here. */
#ifndef FRESHET_CLIENT_PUBLISH_H
#define FRESHET_CLIENT_PUBLISH_H

#include "client/batch.h"

#include <poll.h>

enum { PUBLISH_SAFE_MS = 540000, PUBLISH_OTHERS_MAX = 4 };

struct publish_options {
    const char *url;            /* of POST, with the event's type; passed url_check */
    const char *ca_file;        /* as for a transfer */
    const char *const *headers; /* each has passed header_check */
    size_t headers_count;
    uint64_t give_up_ms; /* so long without success is the end; 0: none */
};

/* What is told; any may be NULL. Spans and texts live until the call returns. */
struct publish_handler {
    /* The first so many lines of what was left of the batch, and the last one's id. */
    void (*answered)(void *context, const struct batch_line *lines, uint32_t count,
                     struct span last_id);
    /* Tries again; the first time since an answer. */
    void (*lost)(void *context, const char *why);
    void (*back)(void *context, uint64_t after_ms);
    void (*keyless)(void *context); /* the hub remembers no more keys */
};

enum publish_state {
    PUBLISH_IDLE,    /* takes a batch */
    PUBLISH_ASKING,  /* an attempt is under way */
    PUBLISH_WAITING, /* for the next attempt */
    PUBLISH_REFUSED, /* final */
    PUBLISH_GAVE_UP, /* final */
};

/* What is to be said of lines that are not published. */
struct publish_failure {
    const char *why; /* a sentence without a full stop; may hold a stranger's text */
    uint64_t line;   /* of the input, that was refused; 0: none is named */
    uint64_t unsure_from, unsure_to; /* lines of which nobody knows; 0: of none */
};

struct publisher;

/* Never NULL. The options are copied, but for the texts, which outlive it. */
struct publisher *publisher_new(const struct publish_options *options,
                                const struct publish_handler *handler, void *context);

/* NULL is nothing to free. Closes the connection. */
void publisher_free(struct publisher *publisher);

enum publish_state publisher_state(const struct publisher *publisher);

/* Sends the batch (one line or more) while PUBLISH_IDLE. It is the publisher's until it is idle
 * again or at its end. The format is that of its lines. */
void publisher_send(struct publisher *publisher, struct batch *batch,
                    const struct batch_format *format);

/* Waits until something can be done, one of the `others` (at most PUBLISH_OTHERS_MAX) is ready, or
 * ms are over, and does it. Sets revents of `others`. */
void publisher_turn(struct publisher *publisher, struct pollfd *others, size_t count, uint64_t ms);

/* Tries nothing again any more: what is under way is waited for, what waits gives up. */
void publisher_hurry(struct publisher *publisher);

/* Gives up what is under way. */
void publisher_abort(struct publisher *publisher);

/* Once it has ended. */
struct publish_failure publisher_failure(const struct publisher *publisher);

#endif
