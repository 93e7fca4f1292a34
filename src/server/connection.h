/* A connection: bytes from a socket become requests, answers become bytes. One request at a time:
 * the next is parsed when the last is answered, so a connection holds no more than one. A stream
 * (stream.h) takes the connection over for the rest of its life.
 *
 *     head ──▶ body ─(─▶ working ─)─▶ waiting ──▶ head (the next request) …
 *                          ├──▶ closing ──▶ lingering ──▶ closed
 *                          └──▶ stream ───▶ closing …
 *
 * What is written leaves in this order: the rest of an event begun, then `out`, then further
 * events; so nothing new is begun while something is left. A stream that has nothing under way has
 * no transit: it costs nothing for requests that never come. One thread: the worker's. */
#ifndef FRESHET_SERVER_CONNECTION_H
#define FRESHET_SERVER_CONNECTION_H

#include "base/check.h"
#include "http/body.h"
#include "http/request.h"
#include "server/stream.h"
#include "server/worker.h"

enum connection_state {
    CONNECTION_HEAD,
    CONNECTION_BODY,
    CONNECTION_WORKING, /* on a large request, bit by bit */
    CONNECTION_WAITING, /* for the engine */
    CONNECTION_STREAM,
    CONNECTION_CLOSING,   /* what is in `out` is the last */
    CONNECTION_LINGERING, /* our side is shut; reads on so that the peer gets the answer (RFC
                             9112, 9.6) */
    CONNECTION_CLOSED,
};

struct connection {
    ev_io io;
    struct worker *worker;
    LIST_ENTRY(connection) all;
    STAILQ_ENTRY(connection) ready;
    struct timeout timeout;
    struct transit *transit; /* NULL: an open stream's that has nothing to write */
    uint32_t moved_ms;       /* when bytes last went out, or the socket began to block; wraps */
    enum connection_state state : 8;
    bool is_ready : 1;
    bool blocked : 1;    /* the socket takes nothing more for now; there is a transit */
    bool untimed : 1;    /* the kernel's timeout for unanswered data is off */
    bool at_end : 1;     /* the peer sends nothing more */
    bool keep_alive : 1; /* after the request in hand */
    bool old : 1;        /* HTTP/1.0: no chunks */
    bool streams : 1;    /* a stream has taken it over; never again false once that is open */
    struct stream stream;
};

/* What is on its way in or out. Freed with the connection, or when a stream has written it. */
struct transit {
    struct buf in; /* not of a stream */
    struct http_head_scan scan;
    struct buf out;
    struct exchange *exchange;
    struct event *partial; /* an event half written, pinned */
    uint32_t partial_at;   /* bytes of it that are written */
    int unsent;            /* bytes in the kernel when that was last looked at, while blocked */
    size_t weight;         /* bytes of the buffers, as counted in the worker's sum */
};

/* A request being read or answered. Lives from its head to its answer, or until its stream is open.
 */
struct exchange {
    struct connection *connection;
    const struct route *route;
    struct span name; /* the path's last part, still encoded; empty if the route has none */
    struct http_body body;
    struct buf content;          /* of the body */
    size_t held;                 /* bytes that it has made of that, at the engine */
    struct request *asked;       /* at the engine */
    struct draft *draft;         /* a publish, as far as it is understood (publish.h) */
    struct http_request request; /* its headers are as many as the head can have, and the head, that
                                    its spans lie in, is behind them */
};

static inline struct connection *connection_of(const struct stream *stream)
{
    return CONTAINER_OF(stream, struct connection, stream);
}

/* What an error of read or write says of the peer. */
enum close_reason close_reason_of(int error);

/* Its transit, made where there is none; NULL: no memory. */
struct transit *connection_transit(struct connection *connection);

/* Bytes in `out`. */
static inline size_t connection_unwritten(const struct connection *connection)
{
    return connection->transit ? connection->transit->out.len : 0;
}

/* As much as a request may need by the settings of now; what an earlier one was given stays. */
void transit_make_room(struct connection *connection);
/* Counts what its buffers have grown or shrunk by. */
void transit_weigh(struct connection *connection);
/* Nothing is on its way any more. */
void transit_empty(struct connection *connection);

/* It reads requests, and has read nothing. */
void connection_init_reading(struct connection *connection);

/* Takes over the descriptor; closes it where there is no memory. */
void connection_new(struct worker *worker, int fd);

/* A closed one's memory. */
void connection_free(struct connection *connection);

/* An open stream has written all: it needs no transit. */
void connection_shed(struct connection *connection);

/* Ends it at once; freed at the end of the turn. reason: for a stream. */
void connection_close(struct connection *connection, enum close_reason reason);

/* Waits for what the connection's state lets it read or write. */
void connection_listen(struct connection *connection);

/* Has its turn soon without waiting for the socket. */
void connection_make_ready(struct connection *connection);

/* Its turn: goes on with requests, or with the stream. */
void connection_run(struct connection *connection);

/* Its timeout is due. */
void connection_timeout(struct connection *connection);

/* For how long no bytes have gone out. */
static inline uint64_t connection_quiet_ms(const struct connection *connection)
{
    return (uint32_t)connection->worker->now_ms - connection->moved_ms;
}

/* When the timeout comes, from now. */
void connection_expire_in(struct connection *connection, uint64_t ms);

/* Writes what is left and then, as far as the socket takes them, these events (count 0: none).
 * *written: how many of them are written or begun. False if the connection is closed by that.
 * `blocked` tells whether the socket is full. */
bool connection_write(struct connection *connection, struct event **events, size_t count,
                      size_t *written);

/* The request is done with. */
void connection_drop_exchange(struct connection *connection);

/* The buffers of all the worker's connections take what they may: no further body or page. */
bool connection_is_heavy(const struct connection *connection);

/* The answer is complete in `out`: on to the next request, or to closing. Frees the exchange. */
void connection_answered(struct connection *connection);

/* The socket takes bytes again. */
void connection_unblock(struct connection *connection);

/* Has the kernel notice again a peer that does not answer, if all that was written has been taken.
 */
void connection_time(struct connection *connection);

/* Its worker goes by other settings: the times of a stream, or of a socket that blocks, are
 * measured by them. */
void connection_retime(struct connection *connection);

/* A blocked socket whose timeout comes: whether its peer has taken bytes within the stall timeout.
 * If so the timeout is set again. */
bool connection_moves(struct connection *connection);

/* `out` holds the last that will be written. */
void connection_finish(struct connection *connection);

enum { LINGER_MS = 2000 };

#endif
