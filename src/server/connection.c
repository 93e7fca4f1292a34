/* Connections: reading, the order of requests, closing. Writing is in output.c, buffers in
 * transit.c. */
#include "server/connection.h"

#include "base/check.h"
#include "base/clock.h"
#include "server/publish.h"
#include "server/respond.h"
#include "server/routes.h"
#include "server/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    OUT_ENOUGH = 64 << 10, /* answers waiting: no further request is begun */
    SMALL = 4 << 10,       /* a head or body that is taken however much others hold */
    READ_HEAD = 4 << 10,
    READ_BODY = 16 << 10,
    REQUESTS_A_TURN = 16,
};

/* ---- life ---- */

static void on_io(struct ev_loop *loop, ev_io *io, int events);

static void listen_for(struct connection *connection, int events)
{
    struct ev_loop *loop = connection->worker->loop;
    if (connection->io.events == events && ev_is_active(&connection->io) == (events != 0))
        return;
    ev_io_stop(loop, &connection->io);
    ev_io_set(&connection->io, connection->io.fd, events);
    if (events)
        ev_io_start(loop, &connection->io);
}

void connection_listen(struct connection *connection)
{
    bool full = !connection->streams && connection->transit->in.len >= connection->transit->in.max;
    bool read = !connection->at_end && !full && connection->state != CONNECTION_CLOSED;
    listen_for(connection, (read ? EV_READ : 0) | (connection->blocked ? EV_WRITE : 0));
}

void connection_init_reading(struct connection *connection)
{
    connection->streams = false;
    connection->transit->scan = (struct http_head_scan){0};
    transit_make_room(connection);
}

void connection_new(struct worker *worker, int fd)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection)
        connection->worker = worker;
    if (!connection || !connection_transit(connection)) {
        free(connection);
        close(fd);
        return;
    }
    ev_io_init(&connection->io, on_io, fd, EV_READ);
    connection->io.data = connection;
    ev_io_start(worker->loop, &connection->io);
    LIST_INSERT_HEAD(&worker->connections, connection, all);
    counter_add(&worker->counters, METRIC_CONNECTIONS, 1);
    counter_add(&worker->counters, METRIC_CONNECTIONS_ALL, 1);
    connection_expire_in(connection, worker->settings->head_timeout);
}

void connection_free(struct connection *connection)
{
    free(connection->transit);
    free(connection);
}

void connection_close(struct connection *connection, enum close_reason reason)
{
    struct worker *worker = connection->worker;
    if (connection->state == CONNECTION_CLOSED)
        return;
    connection->state = CONNECTION_CLOSED;
    if (connection->streams)
        stream_close(&connection->stream, reason);
    connection_drop_exchange(connection);
    ev_io_stop(worker->loop, &connection->io);
    close(connection->io.fd);
    wheel_clear(&worker->wheel, &connection->timeout);
    if (worker->walk_next == connection)
        worker->walk_next = LIST_NEXT(connection, all);
    LIST_REMOVE(connection, all);
    transit_empty(connection);
    counter_subtract(&worker->counters, METRIC_CONNECTIONS, 1);
    if (!connection->is_ready) /* else when its turn comes */
        LIST_INSERT_HEAD(&worker->doomed, connection, all);
}

void connection_make_ready(struct connection *connection)
{
    if (connection->is_ready || connection->state == CONNECTION_CLOSED)
        return;
    connection->is_ready = true;
    STAILQ_INSERT_TAIL(&connection->worker->ready, connection, ready);
}

void connection_expire_in(struct connection *connection, uint64_t ms)
{
    struct worker *worker = connection->worker;
    wheel_set(&worker->wheel, &connection->timeout, worker->now_ms + ms);
}

/* ---- requests ---- */

void connection_finish(struct connection *connection)
{
    connection->state = CONNECTION_CLOSING;
    connection_make_ready(connection);
}

void connection_answered(struct connection *connection)
{
    connection_drop_exchange(connection);
    transit_weigh(connection); /* the next in the mail must know */
    bool more = connection->keep_alive && !connection->worker->stopping;
    connection->state = more ? CONNECTION_HEAD : CONNECTION_CLOSING;
    connection->transit->scan = (struct http_head_scan){0};
    connection_expire_in(connection, connection->worker->settings->head_timeout);
    connection_make_ready(connection);
}

static void refuse(struct connection *connection, enum error error)
{
    connection->keep_alive = false;
    respond_error(connection, error, NULL);
}

/* No more headers than this are in a head: each ends a line. */
static size_t most_headers(struct span head)
{
    size_t lines = 0;
    for (const char *p = head.p, *end = p + head.n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        lines++;
    return lines < HTTP_HEADERS_MAX ? lines : HTTP_HEADERS_MAX;
}

/* The head is whole: a new exchange, and what its route says to it. */
static void begin(struct connection *connection, size_t size)
{
    struct span came = {connection->transit->in.data, size};
    size_t behind = offsetof(struct exchange, request.headers) +
                    most_headers(came) * sizeof(struct http_header);
    struct exchange *exchange = malloc(behind + size);
    if (!exchange) { /* an error could end a browser's stream for good */
        connection_close(connection, CLOSE_MEMORY);
        return;
    }
    char *head = (char *)exchange + behind;
    memset(exchange, 0, behind);
    memcpy(head, came.p, size);
    exchange->connection = connection;
    buf_consume(&connection->transit->in, size);
    connection->transit->exchange = exchange;
    buf_init(&exchange->content, connection->worker->settings->max_event);
    enum error error = http_head_parse((struct span){head, size}, &exchange->request);
    if (error) {
        refuse(connection, error);
        return;
    }
    connection->old = exchange->request.minor == 0;
    connection->keep_alive = exchange->request.keep_alive;
    http_body_init(&exchange->body, &exchange->request);
    connection->state = CONNECTION_BODY;
    if (route_begin(exchange))
        connection_expire_in(connection, connection->worker->settings->body_timeout);
}

/* A whole head that is too long, judged as if only what may have come of it had. */
static enum error too_long(const struct connection *connection, size_t limit)
{
    struct http_head_scan scan = {0};
    size_t size;
    http_head_find(&scan, (struct span){connection->transit->in.data, limit}, &size);
    return http_head_too_long(&scan);
}

static bool read_head(struct connection *connection)
{
    size_t size = 0;
    if (connection->transit->in.len == 0) {
        buf_fini(&connection->transit->in);
        if (connection->at_end || connection->worker->stopping)
            connection_finish(connection);
        else
            connection_expire_in(connection, connection->worker->settings->idle_timeout);
        return false;
    }
    size_t limit = connection->worker->settings->max_head;
    transit_make_room(connection);
    bool first = connection->transit->scan.scanned == 0;
    if (connection->transit->in.len > SMALL && connection_is_heavy(connection)) {
        connection_close(connection, CLOSE_MEMORY); /* an error could end a browser's stream */
        return false;
    }
    enum error error =
        http_head_find(&connection->transit->scan, buf_span(&connection->transit->in), &size);
    if (!error && size > limit)
        error = too_long(connection, limit);
    if (!error && size == 0 && connection->transit->in.len >= limit)
        error = http_head_too_long(&connection->transit->scan);
    if (error) {
        connection->old = false;
        refuse(connection, error);
        return true;
    }
    if (size == 0) {
        if (connection->at_end)
            connection_finish(connection);
        else if (first)
            connection_expire_in(connection, connection->worker->settings->head_timeout);
        return false;
    }
    begin(connection, size);
    return true;
}

static bool read_body(struct connection *connection)
{
    struct exchange *exchange = connection->transit->exchange;
    size_t used = 0;
    transit_weigh(connection);
    if (connection_is_heavy(connection) &&
        connection->transit->in.len + exchange->content.len > SMALL) {
        buf_fini(&exchange->content);
        refuse(connection, ERROR_BUFFERS_FULL);
        return true;
    }
    enum error error = http_body_feed(&exchange->body, buf_span(&connection->transit->in), &used,
                                      &exchange->content);
    buf_consume(&connection->transit->in, used);
    if (error) {
        refuse(connection, error);
        return true;
    }
    if (!http_body_done(&exchange->body)) {
        if (connection->at_end)
            connection_finish(connection);
        return false;
    }
    connection->state = CONNECTION_WAITING;
    route_handle(exchange);
    return true;
}

/* Everything is written: shut our side and read on, so that the peer gets it before the reset that
 * unread bytes would cause. */
static void linger(struct connection *connection)
{
    connection->state = CONNECTION_LINGERING;
    if (!connection->streams)
        buf_fini(&connection->transit->in);
    if (connection->at_end || shutdown(connection->io.fd, SHUT_WR) != 0) {
        connection_close(connection, CLOSE_LEFT);
        return;
    }
    connection_expire_in(connection, LINGER_MS);
}

/* The reader of a stream has shut its side: it has left, once it has what was answered before. */
static void leave(struct connection *connection)
{
    bool pending = connection_unwritten(connection) > 0;
    stream_close(&connection->stream, CLOSE_LEFT);
    if (pending)
        connection_finish(connection);
    else
        connection_close(connection, CLOSE_LEFT);
}

/* True if there may be more requests to read at once. */
static bool read_requests(struct connection *connection)
{
    bool more = true;
    for (int i = 0; i < REQUESTS_A_TURN && more && connection_unwritten(connection) < OUT_ENOUGH;
         i++)
        more = connection->state == CONNECTION_HEAD   ? read_head(connection)
               : connection->state == CONNECTION_BODY ? read_body(connection)
               : connection->state == CONNECTION_WORKING
                   ? publish_work(connection->transit->exchange)
                   : false;
    return more;
}

void connection_run(struct connection *connection)
{
    size_t written;
    if (connection->state == CONNECTION_STREAM) {
        stream_flush(&connection->stream);
        return;
    }
    if (connection->blocked)
        return;
    bool more = read_requests(connection);
    if (connection->state == CONNECTION_CLOSED)
        return;
    if (connection_unwritten(connection) && !connection_write(connection, NULL, 0, &written))
        return;
    if (connection->state == CONNECTION_STREAM && connection->at_end)
        leave(connection);
    else if (connection->state == CONNECTION_CLOSING && connection_unwritten(connection) == 0)
        linger(connection);
    else if (more && !connection->blocked)
        connection_make_ready(connection);
    transit_weigh(connection);
    if (connection->state != CONNECTION_CLOSED)
        connection_listen(connection);
}

void connection_timeout(struct connection *connection)
{
    if (connection->state == CONNECTION_STREAM) {
        stream_timeout(&connection->stream);
    } else if (connection->blocked) {
        if (!connection_moves(connection))
            connection_close(connection, CLOSE_STALLED);
    } else if (connection->state == CONNECTION_WAITING || connection->state == CONNECTION_WORKING ||
               connection->state == CONNECTION_CLOSING) {
        connection_expire_in(connection, connection->worker->settings->idle_timeout);
    } else if (connection->state == CONNECTION_BODY ||
               (connection->state == CONNECTION_HEAD && connection->transit->in.len)) {
        connection->transit->in.len = 0;
        refuse(connection, ERROR_TOO_SLOW);
    } else {
        connection_close(connection, CLOSE_LEFT);
    }
}

/* ---- reading ---- */

/* Streams and lingering connections read only to see the end. */
static bool discards(const struct connection *connection)
{
    return connection->state == CONNECTION_STREAM || connection->state == CONNECTION_CLOSING ||
           connection->state == CONNECTION_LINGERING;
}

/* The first bytes of a request are copied: most are all of it, and where many come at once and
 * become streams, room for more would leave holes among them. */
static bool begins(const struct connection *connection)
{
    return connection->state == CONNECTION_HEAD && connection->transit->in.cap == 0;
}

static void read_more(struct connection *connection)
{
    char bytes[READ_BODY];
    ssize_t n;
    if (discards(connection)) {
        n = read(connection->io.fd, bytes, sizeof bytes);
    } else if (begins(connection)) {
        n = read(connection->io.fd, bytes, READ_HEAD);
        if (n > 0 && buf_append(&connection->transit->in, bytes, (size_t)n)) {
            connection_close(connection, CLOSE_MEMORY);
            return;
        }
    } else {
        struct buf *in = &connection->transit->in;
        size_t room = connection->state == CONNECTION_HEAD ? READ_HEAD : READ_BODY;
        if (room < in->cap - in->len)
            room = in->cap - in->len;
        if (room > in->max - in->len)
            room = in->max - in->len;
        if (room == 0)
            return;
        if (buf_reserve(in, room)) {
            connection_close(connection, CLOSE_MEMORY);
            return;
        }
        n = read(connection->io.fd, in->data + in->len, room);
        if (n > 0)
            in->len += (size_t)n;
    }
    if (n > 0) {
        counter_add(&connection->worker->counters, METRIC_BYTES_IN, (uint64_t)n);
    } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    } else {
        connection->at_end = true;
        if (n == 0 && connection->state == CONNECTION_STREAM)
            leave(connection);
        else if (n < 0 || (discards(connection) && connection->state != CONNECTION_CLOSING))
            connection_close(connection, n < 0 ? close_reason_of(errno) : CLOSE_LEFT);
    }
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop;
    struct connection *connection = io->data;
    connection->worker->now_ms = clock_mono_ms();
    if (events & EV_READ)
        read_more(connection);
    if (connection->state == CONNECTION_CLOSED)
        return;
    if (events & EV_WRITE)
        connection_unblock(connection);
    if (connection->state != CONNECTION_STREAM || (events & EV_WRITE))
        connection_run(connection);
    transit_weigh(connection);
    if (connection->state != CONNECTION_CLOSED)
        connection_listen(connection);
}
