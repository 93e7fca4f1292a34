/* bench/limit: what the same traffic costs without a hub. Each connection that asks for a stream
 * gets the hub's head and opening block; what is published is answered as the hub answers, and then
 * the bytes of its frames go to every stream by a plain loop of send. Nothing is kept, nothing is
 * checked: the channel, the position and a reader that is gone do not count. It speaks to the load
 * generator and to nobody else.
 *
 *     accept (main) ─▶ worker 0: half of the streams ◀─ pipe of frames ─▶ worker 1: the other half
 *
 * A connection belongs to one worker. Sends block: a reader who is behind delays all, which a hub
 * must not do. */
#include "base/buf.h"
#include "base/check.h"
#include "base/id.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    WORKERS = 2,
    BACKLOG = 4096,
    TURN = 64,
    RECEIVE_SIZE = 128 << 10,
    IN_MAX = 16 << 20,
    FRAMES_MAX = 1 << 28
};
enum { SEND_BUFFER = 64 << 10 }; /* the hub's: see src/server/server.c */

static const uint64_t first_ms = 1795500000000; /* as many digits as a clock's */

/* The bytes of one publish, sent by every worker. */
struct frames {
    atomic_uint left; /* workers that have not sent them yet; the last one frees */
    struct buf bytes;
};

struct connection {
    int fd;
    struct worker *worker;
    size_t place; /* in the worker's streams */
    bool streams;
    struct buf in; /* what has come of a request; nothing for a stream */
};

struct worker {
    pthread_t thread;
    int epoll;
    int frames[2]; /* a pipe of pointers to struct frames */
    struct connection **streams;
    size_t count, room;
    char received[RECEIVE_SIZE];
};

static struct worker workers[WORKERS];
static atomic_uint_fast64_t published;

static void send_all(int fd, struct span bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* it is gone, which its worker will read */
        bytes = (struct span){bytes.p + n, bytes.n - (size_t)n};
    }
}

/* ---- streams ---- */

static void open_stream(struct connection *connection)
{
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
        "Date: Tue, 24 Nov 2026 12:00:00 GMT\r\nCache-Control: no-cache, no-store, no-transform\r\n"
        "X-Accel-Buffering: no\r\nFreshet-Client-Id: 000000000000000000000000\r\nConnection: "
        "keep-alive\r\n\r\n"
        "2f\r\nretry: 3000\n\n: connected\n\nid: 1795499999999-0\n\n\r\n";
    struct worker *worker = connection->worker;
    buf_fini(&connection->in);
    if (worker->count == worker->room) {
        worker->room = worker->room ? 2 * worker->room : 1024;
        worker->streams =
            memory_resize(worker->streams, worker->room * sizeof(struct connection *));
    }
    connection->streams = true;
    connection->place = worker->count;
    worker->streams[worker->count++] = connection;
    send_all(connection->fd, SPAN(answer));
}

static void end(struct connection *connection)
{
    struct worker *worker = connection->worker;
    if (connection->streams) {
        struct connection *last = worker->streams[--worker->count];
        worker->streams[last->place = connection->place] = last;
    }
    close(connection->fd);
    buf_fini(&connection->in);
    free(connection);
}

/* ---- publishing ---- */

static void send_frames(struct worker *worker, struct frames *frames)
{
    for (size_t i = 0; i < worker->count; i++)
        send_all(worker->streams[i]->fd, buf_span(&frames->bytes));
    if (atomic_fetch_sub(&frames->left, 1) == 1) {
        buf_fini(&frames->bytes);
        free(frames);
    }
}

/* Appends the frame of an event as one chunk; returns its id. */
static struct id_text render(struct frames *frames, struct span data)
{
    uint64_t number = atomic_fetch_add(&published, 1);
    struct id_text id = id_text(id_make(first_ms + (number >> ID_COUNTER_BITS), number & 0xffff));
    size_t size = strlen("id: \ndata: \n\n") + strlen(id.text) + data.n;
    CHECK(buf_printf(&frames->bytes, "%zx\r\nid: %s\ndata: ", size, id.text) == OK);
    CHECK(buf_append(&frames->bytes, data.p, data.n) == OK);
    CHECK(buf_append(&frames->bytes, "\n\n\r\n", 4) == OK);
    return id;
}

static void answer(struct connection *connection, const char *body)
{
    char text[512];
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                     "Date: Tue, 24 Nov 2026 12:00:00 GMT\r\nCache-Control: no-store\r\n\r\n%s",
                     strlen(body), body);
    CHECK(n > 0 && (size_t)n < sizeof text);
    send_all(connection->fd, (struct span){text, (size_t)n});
}

/* Lines of {"data":"…"} whose text has no escapes. */
static void render_lines(struct frames *frames, struct span body, char *said, size_t size)
{
    struct id_text id = {""};
    size_t count = 0;
    while (body.n > 0) {
        struct span line = span_cut(&body, '\n');
        const char *data = memmem(line.p, line.n, "\"data\":\"", 8);
        const char *stop =
            data ? memchr(data + 8, '"', (size_t)(line.p + line.n - data - 8)) : NULL;
        if (!stop)
            continue;
        id = render(frames, (struct span){data + 8, (size_t)(stop - data - 8)});
        count++;
    }
    snprintf(said, size, "{\"status\":\"published\",\"count\":%zu,\"last_id\":\"%s\"}", count,
             id.text);
}

static void publish(struct connection *connection, struct span target, bool lines, struct span body)
{
    char said[256];
    struct frames *frames = memory_new(sizeof *frames);
    atomic_init(&frames->left, WORKERS);
    buf_init(&frames->bytes, FRAMES_MAX);
    if (lines)
        render_lines(frames, body, said, sizeof said);
    else
        snprintf(said, sizeof said, "{\"status\":\"published\",\"id\":\"%s\",\"channel\":\"%.*s\"}",
                 render(frames, body).text, (int)(target.n < 100 ? target.n : 100), target.p);
    answer(connection, said);
    for (int i = 0; i < WORKERS; i++)
        if (&workers[i] != connection->worker)
            CHECK(write(workers[i].frames[1], &frames, sizeof frames) == sizeof frames);
    send_frames(connection->worker, frames);
}

/* ---- requests ---- */

/* Takes one whole request from what has come; false when there is none. */
static bool take_request(struct connection *connection)
{
    struct buf *in = &connection->in;
    const char *mark = in->len ? memmem(in->data, in->len, "\r\n\r\n", 4) : NULL;
    if (!mark)
        return false;
    size_t head = (size_t)(mark + 4 - in->data);
    if (span_starts(buf_span(in), SPAN("GET "))) {
        open_stream(connection);
        return false;
    }
    const char *length = memmem(in->data, head, "Content-Length: ", 16);
    size_t body = length ? strtoul(length + 16, NULL, 10) : 0;
    if (in->len < head + body)
        return false;
    struct span target = {in->data, head};
    span_cut(&target, ' ');
    target = span_cut(&target, ' ');
    span_cut(&target, '/');
    span_cut(&target, '/'); /* /publish/ */
    publish(connection, target, memmem(in->data, head, "x-ndjson", 8),
            (struct span){in->data + head, body});
    buf_consume(in, head + body);
    return true;
}

static void receive(struct connection *connection)
{
    char *received = connection->worker->received;
    ssize_t n = recv(connection->fd, received, RECEIVE_SIZE, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || connection->streams || buf_append(&connection->in, received, (size_t)n) != OK) {
        end(connection);
        return;
    }
    while (take_request(connection))
        ;
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct epoll_event events[TURN];
    for (;;) {
        int n = epoll_wait(worker->epoll, events, TURN, -1);
        for (int i = 0; i < n; i++) {
            struct frames *frames;
            if (events[i].data.ptr)
                receive(events[i].data.ptr);
            else if (read(worker->frames[0], &frames, sizeof frames) == sizeof frames)
                send_frames(worker, frames);
        }
    }
    return NULL;
}

static void watch(struct worker *worker, int fd, struct connection *connection)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    CHECK(epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void worker_start(struct worker *worker)
{
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    CHECK(worker->epoll >= 0 && pipe(worker->frames) == 0);
    watch(worker, worker->frames[0], NULL);
    CHECK(pthread_create(&worker->thread, NULL, work, worker) == 0);
}

static int listen_on(uint16_t port)
{
    int on = 1, send_buffer = SEND_BUFFER, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, BACKLOG) != 0) {
        perror("limit: cannot listen");
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    struct rlimit files;
    unsigned long port = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (!port || port > UINT16_MAX) {
        fputs("usage: limit PORT\n", stderr);
        return 2;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    int listener = listen_on((uint16_t)port);
    for (int i = 0; i < WORKERS; i++)
        worker_start(&workers[i]);
    for (unsigned next = 0;; next++) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        struct connection *connection = memory_new(sizeof *connection);
        *connection = (struct connection){.fd = fd, .worker = &workers[next % WORKERS]};
        buf_init(&connection->in, IN_MAX);
        watch(connection->worker, fd, connection);
    }
}
