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
    const struct transit *transit = connection->transit;
    int n = 0;
    size_t sum = 0;
    if (transit && transit->partial) {
        struct span rest = bytes_of(connection, transit->partial);
        iov[n] = (struct iovec){(char *)rest.p + transit->partial_at, rest.n - transit->partial_at};
        sum += iov[n++].iov_len;
    }
    if (transit && transit->out.len) {
        iov[n++] = (struct iovec){transit->out.data, transit->out.len};
        sum += transit->out.len;
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
    if (count == 1 && !connection->transit) {
        struct span bytes = bytes_of(connection, events[0]);
        *total = bytes.n;
        /* The usual case; send costs the kernel some 5 % less than writev of one piece. */
        return send(connection->io.fd, bytes.p, bytes.n, 0);
    }
    struct iovec iov[WRITE_EVENTS + 2];
    int n = gather(connection, events, count, iov, total);
    return n ? writev(connection->io.fd, iov, n) : 0;
}

static void drop_partial(struct transit *transit)
{
    if (transit->partial)
        event_unref(transit->partial);
    transit->partial = NULL;
}

/* All that transmit was to send is written. */
static void settle_all(struct connection *connection)
{
    if (!connection->transit)
        return;
    drop_partial(connection->transit);
    buf_fini(&connection->transit->out);
    connection_shed(connection);
}

/* Takes n written bytes off that, fewer than all; what is left of an event becomes the
 * partial one. */
static size_t settle(struct connection *connection, struct event **events, size_t count, size_t n)
{
    struct transit *transit = connection->transit;
    if (transit->partial) {
        size_t rest = bytes_of(connection, transit->partial).n - transit->partial_at;
        if (n < rest) {
            transit->partial_at += (uint32_t)n;
            return 0;
        }
        n -= rest;
        drop_partial(transit);
    }
    if (transit->out.len) {
        if (n < transit->out.len) {
            buf_consume(&transit->out, n);
            return 0;
        }
        n -= transit->out.len;
        buf_fini(&transit->out);
    }
    size_t i = 0;
    for (; i < count && n; i++) {
        size_t size = bytes_of(connection, events[i]).n;
        if (n < size) {
            transit->partial = event_ref(events[i]);
            transit->partial_at = (uint32_t)n;
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
    connection->transit->unsent = unsent_bytes(connection);
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
    connection->moved_ms = (uint32_t)worker->now_ms;
    counter_add(&worker->counters, METRIC_BYTES_OUT, bytes);
    if (bytes == total) {
        settle_all(connection);
        *written = count;
        return true;
    }
    if (!connection_transit(connection)) {
        connection_close(connection, CLOSE_MEMORY);
        return false;
    }
    *written = settle(connection, events, count, bytes);
    block(connection);
    return true;
}

bool connection_moves(struct connection *connection)
{
    struct worker *worker = connection->worker;
    uint64_t limit = worker->settings->stall_timeout;
    uint64_t quiet = connection_quiet_ms(connection);
    if (quiet >= limit) {
        int before = connection->transit->unsent;
        connection->transit->unsent = unsent_bytes(connection);
        if (connection->transit->unsent >= before)
            return false;
        connection->moved_ms = (uint32_t)worker->now_ms;
        quiet = 0;
    }
    connection_expire_in(connection, limit - quiet);
    return true;
}
