/* A subscriber is connecting -> reading -> gone. Its memory is its watcher and its stream; the
 * bytes are read into one buffer that all share. */
#include "subscribers.h"

#include "now.h"
#include "request.h"

#include "base/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECEIVE_SIZE = 128 << 10, REQUEST_MAX = 1 << 24, READS_BETWEEN = 32 };

enum subscriber_state { GONE, CONNECTING, READING };

struct subscriber {
    struct subscribers *subscribers;
    ev_io io;
    struct stream stream;
    uint8_t state;
    uint32_t request_sent;
};

static void open_more(struct subscribers *subscribers);

static struct subscriber *of_stream(struct stream *stream)
{
    return CONTAINER_OF(stream, struct subscriber, stream);
}

static bool is_stuck(const struct subscriber *subscriber)
{
    const struct subscribers *subscribers = subscriber->subscribers;
    return (size_t)(subscriber - subscribers->all) >= subscribers->options->subscribers;
}

static void leave(struct subscriber *subscriber)
{
    if (subscriber->state == GONE)
        return;
    subscriber->state = GONE;
    ev_io_stop(subscriber->subscribers->loop, &subscriber->io);
    close(subscriber->io.fd);
}

/* The stream did not open, or was ended by the hub. */
__attribute__((format(printf, 2, 3))) static void lose(struct subscriber *subscriber,
                                                       const char *format, ...)
{
    struct subscribers *subscribers = subscriber->subscribers;
    va_list arguments;
    va_start(arguments, format);
    if (!subscribers->failure[0])
        vsnprintf(subscribers->failure, sizeof subscribers->failure, format, arguments);
    va_end(arguments);
    bool was_open = subscriber->stream.open;
    leave(subscriber);
    if (was_open) {
        subscribers->ended++;
    } else {
        subscribers->failed++;
        open_more(subscribers);
    }
}

static void noticed(void *context, struct stream *stream, enum stream_notice notice,
                    const struct stream_event *event)
{
    struct subscribers *subscribers = context;
    struct subscriber *subscriber = of_stream(stream);
    switch (notice) {
    case STREAM_OPENED:
        subscribers->open++;
        subscribers->opened_ns = subscribers->receive_ns;
        if (is_stuck(subscriber))
            ev_io_stop(subscribers->loop, &subscriber->io);
        return;
    case STREAM_EVENT:
        if (!is_stuck(subscriber))
            check_take(subscribers->check, (size_t)(subscriber - subscribers->all), event,
                       subscribers->receive_ns);
        return;
    case STREAM_GAP:
        subscribers->gaps++;
        return;
    case STREAM_BUSY:
    case STREAM_REFUSED:
        return; /* the stream ends, and is lost then */
    }
}

static void receive(struct subscriber *subscriber)
{
    struct subscribers *subscribers = subscriber->subscribers;
    ssize_t n = recv(subscriber->io.fd, subscribers->received, RECEIVE_SIZE, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        lose(subscriber, "the hub closed a stream: %s", n ? strerror(errno) : "no more bytes");
        return;
    }
    subscribers->receive_ns = now_ns();
    subscribers->bytes += (uint64_t)n;
    bool was_open = subscriber->stream.open;
    struct span bytes = {subscribers->received, (size_t)n};
    if (!stream_feed(&subscriber->stream, &subscribers->rules, bytes)) {
        unsigned status = subscriber->stream.status;
        if (status == 200)
            lose(subscriber, "the hub ended a stream");
        else
            lose(subscriber, "the hub answered a subscriber with %u", status);
    } else if (subscriber->stream.open && !was_open) {
        open_more(subscribers);
    }
}

static void subscribe(struct subscriber *subscriber)
{
    struct subscribers *subscribers = subscriber->subscribers;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(subscriber->io.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        lose(subscriber, "a subscriber cannot connect: %s", strerror(error));
        return;
    }
    size_t number = (size_t)(subscriber - subscribers->all);
    struct buf *request = &subscribers->request;
    request->len = 0;
    request_subscribe(request, subscribers->options,
                      check_first_channel(subscribers->check, number), subscriber->stream.position);
    ssize_t n = send(subscriber->io.fd, request->data + subscriber->request_sent,
                     request->len - subscriber->request_sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        lose(subscriber, "a subscriber cannot send: %s", strerror(errno));
        return;
    }
    subscriber->request_sent += n > 0 ? (uint32_t)n : 0;
    if (subscriber->request_sent < request->len)
        return;
    subscriber->state = READING;
    ev_io_stop(subscribers->loop, &subscriber->io);
    ev_io_set(&subscriber->io, subscriber->io.fd, EV_READ);
    ev_io_start(subscribers->loop, &subscriber->io);
}

static void ready(struct ev_loop *loop, ev_io *io, int events)
{
    struct subscriber *subscriber = CONTAINER_OF(io, struct subscriber, io);
    struct subscribers *subscribers = subscriber->subscribers;
    (void)loop;
    (void)events;
    if (subscriber->state == CONNECTING)
        subscribe(subscriber);
    else
        receive(subscriber);
    if (subscribers->between && ++subscribers->reads >= READS_BETWEEN) {
        subscribers->reads = 0;
        subscribers->between(subscribers->context);
    }
}

static void begin(struct subscriber *subscriber)
{
    struct subscribers *subscribers = subscriber->subscribers;
    stream_restart(&subscriber->stream);
    subscriber->request_sent = 0;
    int fd = request_connect(subscribers->options);
    if (fd < 0) {
        subscribers->failed++;
        if (!subscribers->failure[0])
            snprintf(subscribers->failure, sizeof subscribers->failure,
                     "no socket for a subscriber: %s", strerror(errno));
        return;
    }
    subscriber->state = CONNECTING;
    ev_io_init(&subscriber->io, ready, fd, EV_WRITE);
    ev_io_start(subscribers->loop, &subscriber->io);
}

static void open_more(struct subscribers *subscribers)
{
    while (subscribers->begun < subscribers->count &&
           subscribers->begun - subscribers->open - subscribers->failed < subscribers->at_once)
        begin(&subscribers->all[subscribers->begun++]);
}

void subscribers_open(struct subscribers *subscribers, size_t at_once)
{
    subscribers->begun = 0;
    subscribers->open = 0;
    subscribers->failed = 0;
    subscribers->at_once = at_once;
    open_more(subscribers);
}

void subscribers_leave(struct subscribers *subscribers)
{
    for (size_t i = 0; i < subscribers->count; i++)
        leave(&subscribers->all[i]);
}

void subscribers_init(struct subscribers *subscribers, const struct options *options,
                      const struct payload *payload, struct check *check, struct ev_loop *loop)
{
    *subscribers = (struct subscribers){.options = options, .check = check, .loop = loop};
    subscribers->rules =
        (struct stream_rules){.payload = payload, .notice = noticed, .context = subscribers};
    subscribers->count = (size_t)options->subscribers + options->stuck;
    subscribers->all = memory_new((subscribers->count + 1) * sizeof *subscribers->all);
    for (size_t i = 0; i < subscribers->count; i++)
        subscribers->all[i].subscribers = subscribers;
    buf_init(&subscribers->request, REQUEST_MAX);
    subscribers->received = memory_new(RECEIVE_SIZE);
}

void subscribers_fini(struct subscribers *subscribers)
{
    subscribers_leave(subscribers);
    free(subscribers->all);
    free(subscribers->received);
    buf_fini(&subscribers->request);
}
