/* Following one event stream as an EventSource does (WHATWG HTML, 9.2.2 and 9.2.3): asks for it,
 * tells its events, and when it ends asks again, with the position. Knows neither terminal nor
 * hub, but for one type of event (freshet.busy, which is no success).
 *
 * What an answer means:
 *   200, text/event-stream   the stream is open
 *   204                      it is over, for good (9.2.3: "announce" is not tried again)
 *   301 302 303 307 308      another place, this time; up to 20 in a row
 *   408 425 429 5xx          try again, not before Retry-After; a browser would fail
 *   anything else            failed, for good; what the server says about it is told
 * A stream that ends, a connection that breaks or can't be made, and silence: try again (9.2.3,
 * "reestablish the connection"): after the reconnection time, which `retry:` sets, and some more
 * after each failure in a row, by full jitter. A stream that brought nothing counts as a failure.
 *
 * Owned by one thread, which calls follow_turn until it says false. Handlers are called from within
 * follow_turn alone; there only follow_stop, follow_position and follow_why may be called. */
#ifndef FRESHET_CLIENT_FOLLOW_H
#define FRESHET_CLIENT_FOLLOW_H

#include "sse/parse.h"

#include <poll.h>

struct follow_options {
    const char *url;            /* passed url_check, has no fragment */
    const char *ca_file;        /* as for a transfer */
    const char *const *headers; /* each has passed header_check; they win over our own */
    size_t headers_count;
    struct span position; /* to begin with, without CR, LF and NUL; empty: none */
    size_t max_event;     /* as the parser's max */
    uint64_t silence_ms;  /* so long without a byte is a broken connection; 0: no limit */
    bool once;            /* asks once and never again */
};

/* What is told; any may be NULL. Spans and texts live until the call returns. */
struct follow_handler {
    struct sse_handler stream;
    /* The stream's bytes as they came, before what they mean: at most one line in a call, so that
     * whoever stops at an event has seen no byte behind it. */
    void (*bytes)(void *context, struct span bytes);
    void (*opened)(void *context);
    /* It is tried again in wait_ms. `reached`: a stream had been open. */
    void (*lost)(void *context, const char *why, uint64_t wait_ms, bool reached);
};

enum follow_end {
    FOLLOW_NOT_ENDED,
    FOLLOW_STOPPED, /* by follow_stop */
    FOLLOW_OVER,    /* the server said so */
    FOLLOW_DONE,    /* the one stream of `once` ended */
    FOLLOW_FAILED,
};

struct follow;

/* Never NULL. The options are copied, but for the texts, which outlive it. */
struct follow *follow_new(const struct follow_options *options,
                          const struct follow_handler *handler, void *context);

/* NULL is nothing to free. Closes the connection. */
void follow_free(struct follow *follow);

/* Waits until something can be done, one of the `others` (at most 4; POLLIN, or 0 for errors alone;
 * revents is not set) is ready or ms are over, and does it. False once it has ended. */
bool follow_turn(struct follow *follow, const struct pollfd *others, size_t count, uint64_t ms);

/* Ends it; nothing is told any more but what the parser still finds in the bytes at hand. */
void follow_stop(struct follow *follow);

enum follow_end follow_end(const struct follow *follow);

/* A sentence about how it ended, without a full stop; may hold a stranger's text. */
const char *follow_why(const struct follow *follow);

/* The last event id as it stands; may be empty. */
struct span follow_position(const struct follow *follow);

#endif
