/* A stream: a subscription on a connection. Writes the response and its opening block when the
 * subscription stands, then events, gaps, keepalives, and at the end of the hub the farewell. */
#ifndef FRESHET_SERVER_STREAM_H
#define FRESHET_SERVER_STREAM_H

#include "base/buf.h"
#include "hub/subscription.h"

struct connection;
struct exchange;
struct request;
struct start;

/* Why a stream closed: a row of freshet_closed_streams_total each, in that order. */
enum close_reason {
    CLOSE_LEFT,
    CLOSE_STALLED,
    CLOSE_VANISHED,
    CLOSE_STOPPED,
    CLOSE_DISMISSED,
    CLOSE_MEMORY
};

/* Lies in its connection. */
struct stream {
    struct subscription subscription;
    uint64_t opened_ms : 60;
    bool open : 1;      /* the head has been written */
    bool greets : 1;    /* open=1: the opening block is an event */
    bool envelopes : 1; /* envelope=1 */
    bool dismissed : 1; /* is to end */
    uint64_t deliveries;
};

/* What the subscriber wants besides. */
struct stream_options {
    bool greets, envelopes;
};

/* Takes the connection over and asks the engine; the exchange stays until it has answered. Takes
 * its own reference to the selection. False where there is no memory: then nothing has changed. */
bool stream_open(struct exchange *exchange, struct selection *selection, const struct start *start,
                 struct stream_options options);

/* Answers HEAD as stream_open would begin. */
void stream_respond_head(struct exchange *exchange, const struct selection *selection);

/* Its client is sent away: it gets what there is at once, and ends. */
void stream_dismiss(struct stream *stream);

/* The engine's answer to what the stream asked. */
void stream_answer(struct stream *stream, struct request *request);

/* Writes what there is to write, a bounded piece of it. */
void stream_flush(struct stream *stream);

/* Appends the notice of the subscription's first gap, which is told by that (gap.c). Errors of buf.
 */
enum error stream_write_gap(struct stream *stream, struct buf *text);

/* Keepalive, or the end of a stall. */
void stream_timeout(struct stream *stream);

/* Leaves the windows, counts, logs. Idempotent. */
void stream_close(struct stream *stream, enum close_reason reason);

#endif
