/* What a connection writes, in order, and what it does when the socket takes no more. */
#include "server/connection.h"

#include "base/check.h"
#include "net/listener.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { WRITE_EVENTS = 64 }; /* in one writev */

enum close_reason close_reason_of(int error)
{
    return error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH ? CLOSE_VANISHED
                                                                               : CLOSE_LEFT;
}

static struct span bytes_of(const struct connection *connection, const struct event *event)
{
    return connection->old ? event_frame(event) : event_wire(event);
}

/* Fills iov with what is to be written, in order. */
static int gather(const struct connection *connection, struct event **events, size_t count,
                  struct iovec *iov, size_t *total)
{
    int n = 0;
    size_t sum = 0;
    if (connection->partial) {
        struct span rest = bytes_of(connection, connection->partial);
        iov[n] = (struct iovec){(char *)rest.p + connection->partial_at,
                                rest.n - connection->partial_at};
        sum += iov[n++].iov_len;
    }
    if (connection->out.len) {
        iov[n++] = (struct iovec){connection->out.data, connection->out.len};
        sum += connection->out.len;
    }
    for (size_t i = 0; i < count; i++) {
        struct span bytes = bytes_of(connection, events[i]);
        iov[n++] = (struct iovec){(char *)bytes.p, bytes.n};
        sum += bytes.n;
    }
    *total = sum;
    return n;
}

/* Sends what is left and these events, of *total bytes; returns what the system call does. */
static ssize_t transmit(const struct connection *connection, struct event **events, size_t count,
                        size_t *total)
{
    if (count == 1 && !connection->partial && !connection->out.len) {
        struct span bytes = bytes_of(connection, events[0]);
        *total = bytes.n;
        /* The usual case; send costs the kernel some 5 % less than writev of one piece. */
        return send(connection->io.fd, bytes.p, bytes.n, 0);
    }
    struct iovec iov[WRITE_EVENTS + 2];
    int n = gather(connection, events, count, iov, total);
    return n ? writev(connection->io.fd, iov, n) : 0;
}

/* All that transmit was to send is written. */
static void settle_all(struct connection *connection)
{
    if (connection->partial)
        event_unref(connection->partial);
    connection->partial = NULL;
    if (connection->out.len)
        buf_fini(&connection->out);
}

/* Takes n written bytes off that, fewer than all; what is left of an event becomes the
 * partial one. */
static size_t settle(struct connection *connection, struct event **events, size_t count, size_t n)
{
    if (connection->partial) {
        size_t rest = bytes_of(connection, connection->partial).n - connection->partial_at;
        if (n < rest) {
            connection->partial_at += (uint32_t)n;
            return 0;
        }
        n -= rest;
        event_unref(connection->partial);
        connection->partial = NULL;
    }
    if (connection->out.len) {
        if (n < connection->out.len) {
            buf_consume(&connection->out, n);
            return 0;
        }
        n -= connection->out.len;
        buf_fini(&connection->out);
    }
    size_t i = 0;
    for (; i < count && n; i++) {
        size_t size = bytes_of(connection, events[i]).n;
        if (n < size) {
            connection->partial = event_ref(events[i]);
            connection->partial_at = (uint32_t)n;
            return i + 1;
        }
        n -= size;
    }
    return i;
}

static int unsent_bytes(const struct connection *connection)
{
    int bytes = 0;
    return ioctl(connection->io.fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

/* The kernel calls a socket writable only when a good part of its buffer is free, so a slow reader
 * may long be taking bytes: what lies in the buffer tells. The kernel's own timeout counts a peer
 * as gone whose window is smaller than what it wants to send, though it takes bytes all the time;
 * so it is switched off here, until the stream's timeout finds that everything was taken. */
static void block(struct connection *connection)
{
    connection->blocked = true;
    connection->unsent = unsent_bytes(connection);
    if (!connection->untimed)
        socket_user_timeout(connection->io.fd, 0);
    connection->untimed = true;
    connection_listen(connection);
    connection_expire_in(connection, connection->worker->settings->stall_timeout);
}

void connection_unblock(struct connection *connection)
{
    connection->blocked = false;
    connection_listen(connection);
    if (connection->state == CONNECTION_STREAM)
        connection_expire_in(connection, connection->worker->settings->keepalive);
    else if (connection->state == CONNECTION_HEAD || connection->state == CONNECTION_BODY)
        connection_expire_in(connection, connection->state == CONNECTION_HEAD
                                             ? connection->worker->settings->head_timeout
                                             : connection->worker->settings->body_timeout);
}

void connection_time(struct connection *connection)
{
    if (!connection->untimed || unsent_bytes(connection) > 0)
        return;
    socket_user_timeout(connection->io.fd, settings_user_timeout(connection->worker->settings));
    connection->untimed = false;
}

void connection_retime(struct connection *connection)
{
    if (!connection->untimed)
        socket_user_timeout(connection->io.fd, settings_user_timeout(connection->worker->settings));
    if (connection->state == CONNECTION_STREAM || connection->blocked)
        connection_timeout(connection);
}

bool connection_write(struct connection *connection, struct event **events, size_t count,
                      size_t *written)
{
    struct worker *worker = connection->worker;
    size_t total;
    CHECK(count <= WRITE_EVENTS && !connection->blocked);
    *written = 0;
    ssize_t sent = transmit(connection, events, count, &total);
    if (total == 0)
        return true;
    if (sent < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            connection_close(connection, close_reason_of(errno));
            return false;
        }
        sent = 0;
    }
    size_t bytes = (size_t)sent;
    connection->moved_ms = worker->now_ms;
    counter_add(&worker->counters, METRIC_BYTES_OUT, bytes);
    if (bytes == total) {
        settle_all(connection);
        *written = count;
        return true;
    }
    *written = settle(connection, events, count, bytes);
    block(connection);
    return true;
}

bool connection_moves(struct connection *connection)
{
    struct worker *worker = connection->worker;
    uint64_t limit = worker->settings->stall_timeout;
    uint64_t quiet = worker->now_ms - connection->moved_ms;
    if (quiet >= limit) {
        int before = connection->unsent;
        connection->unsent = unsent_bytes(connection);
        if (connection->unsent >= before)
            return false;
        connection->moved_ms = worker->now_ms;
        quiet = 0;
    }
    connection_expire_in(connection, limit - quiet);
    return true;
}
