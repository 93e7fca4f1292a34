/* A subscriber is connecting -> reading -> gone. Its memory is its watcher and its reader; the
 * bytes are read into one buffer that all share. */
#include "bench/subscribers.h"

#include "bench/now.h"
#include "bench/requests.h"

#include "base/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RECEIVE_SIZE = 128 << 10 };

enum subscriber_state { GONE, CONNECTING, READING };

struct subscriber {
    struct subscribers *subscribers;
    ev_io io;
    struct reader reader;
    uint8_t state;
    uint32_t request_sent;
};

static void open_more(struct subscribers *subscribers);

static struct subscriber *of_reader(struct reader *reader)
{
    return CONTAINER_OF(reader, struct subscriber, reader);
}

static size_t index_of(const struct subscriber *subscriber)
{
    return (size_t)(subscriber - subscriber->subscribers->all);
}

static bool is_stuck(const struct subscriber *subscriber)
{
    return index_of(subscriber) >= subscriber->subscribers->readers;
}

/* Among those of all processes. */
static uint64_t number_of(const struct subscriber *subscriber)
{
    const struct subscribers *subscribers = subscriber->subscribers;
    size_t index = index_of(subscriber);
    return index < subscribers->readers ? subscribers->first + index
                                        : subscribers->first_stuck + index - subscribers->readers;
}

static void leave(struct subscriber *subscriber)
{
    if (subscriber->state == GONE)
        return;
    subscriber->state = GONE;
    ev_io_stop(subscriber->subscribers->loop, &subscriber->io);
    close(subscriber->io.fd);
}

__attribute__((format(printf, 2, 3))) static void note(struct subscribers *subscribers,
                                                       const char *format, ...)
{
    struct tally *tally = subscribers->tally;
    va_list arguments;
    if (tally->trouble[0])
        return;
    va_start(arguments, format);
    vsnprintf(tally->trouble, sizeof tally->trouble, format, arguments);
    va_end(arguments);
}

/* The stream did not open, or was ended by the hub. */
static void lose(struct subscriber *subscriber)
{
    struct subscribers *subscribers = subscriber->subscribers;
    leave(subscriber);
    if (subscriber->reader.open) {
        subscribers->tally->ended++;
    } else {
        subscribers->tally->failed++;
        open_more(subscribers);
    }
}

static void noticed(void *context, struct reader *reader, enum reader_notice notice,
                    const struct reader_event *event)
{
    struct subscribers *subscribers = context;
    struct subscriber *subscriber = of_reader(reader);
    struct tally *tally = subscribers->tally;
    switch (notice) {
    case READER_OPENED:
        tally->open++;
        tally->opened_ns = subscribers->receive_ns;
        if (is_stuck(subscriber))
            ev_io_stop(subscribers->loop, &subscriber->io);
        return;
    case READER_EVENT:
        if (event->front.sent_ns < subscribers->rules.payload->since_ns)
            tally->foreign++;
        else if (!is_stuck(subscriber))
            check_take(subscribers->check, number_of(subscriber), event, subscribers->receive_ns);
        return;
    case READER_FOREIGN:
        tally->foreign++;
        return;
    case READER_GAP:
        tally->gaps++;
        return;
    case READER_BUSY:
        tally->busy++;
        note(subscribers, "the hub told a subscriber that it is busy");
        return;
    case READER_REFUSED:
        note(subscribers, "the hub answered a subscriber with %u", reader->answer.status);
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
        note(subscribers, "the hub closed a stream: %s", n ? strerror(errno) : "no more bytes");
        lose(subscriber);
        return;
    }
    struct reader *reader = &subscriber->reader;
    subscribers->receive_ns = now_ns();
    subscribers->tally->bytes += (uint64_t)n;
    bool was_open = reader->open;
    if (!reader_feed(reader, &subscribers->rules,
                     (struct span){subscribers->received, (size_t)n})) {
        note(subscribers, answer_is_broken(&reader->answer)
                              ? "a subscriber was answered with what is no HTTP"
                              : "the hub ended a stream");
        lose(subscriber);
    } else if (reader->open && !was_open) {
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
        note(subscribers, "a subscriber cannot connect: %s", strerror(error));
        lose(subscriber);
        return;
    }
    struct buf *request = &subscribers->request;
    request->len = 0;
    request_subscribe(request, subscribers->plan,
                      layout_first_channel(&subscribers->plan->layout, number_of(subscriber)),
                      subscriber->reader.id);
    ssize_t n = send(subscriber->io.fd, request->data + subscriber->request_sent,
                     request->len - subscriber->request_sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        note(subscribers, "a subscriber cannot send: %s", strerror(errno));
        lose(subscriber);
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
    (void)loop;
    (void)events;
    if (subscriber->state == CONNECTING)
        subscribe(subscriber);
    else
        receive(subscriber);
}

static void begin(struct subscriber *subscriber)
{
    struct subscribers *subscribers = subscriber->subscribers;
    const struct plan *plan = subscribers->plan;
    reader_restart(&subscriber->reader);
    subscriber->request_sent = 0;
    int fd = target_connect(&plan->target, &plan->sources, number_of(subscriber));
    if (fd < 0) {
        subscribers->tally->failed++;
        note(subscribers, "no socket for a subscriber: %s%s", strerror(errno),
             errno == EADDRNOTAVAIL ? "; its ports are in use or were a minute ago: wait, or give "
                                      "another local address by --source"
                                    : "");
        return;
    }
    subscriber->state = CONNECTING;
    ev_io_init(&subscriber->io, ready, fd, EV_WRITE);
    ev_io_start(subscribers->loop, &subscriber->io);
}

static void open_more(struct subscribers *subscribers)
{
    const struct tally *tally = subscribers->tally;
    while (subscribers->begun < subscribers->count &&
           subscribers->begun - tally->open - tally->failed < subscribers->at_once)
        begin(&subscribers->all[subscribers->begun++]);
}

void subscribers_open(struct subscribers *subscribers, size_t at_once)
{
    subscribers->begun = 0;
    subscribers->tally->open = 0;
    subscribers->tally->failed = 0;
    subscribers->at_once = at_once;
    open_more(subscribers);
}

void subscribers_leave(struct subscribers *subscribers)
{
    for (size_t i = 0; i < subscribers->count; i++)
        leave(&subscribers->all[i]);
}

void subscribers_init(struct subscribers *subscribers, const struct plan *plan,
                      const struct payload *payload, struct check *check, struct ev_loop *loop)
{
    subscribers->plan = plan;
    subscribers->check = check;
    subscribers->tally = check->tally;
    subscribers->loop = loop;
    subscribers->rules = (struct reader_rules){.payload = payload,
                                               .opens_with_block = plan->hub->opens_with_block,
                                               .ordered_ids = plan->hub->ordered_ids,
                                               .keeps_ids = plan->when == WHEN_RETURN,
                                               .notice = noticed,
                                               .context = subscribers};
    subscribers->all = memory_new((subscribers->count + 1) * sizeof *subscribers->all);
    for (size_t i = 0; i < subscribers->count; i++)
        subscribers->all[i].subscribers = subscribers;
    buf_init(&subscribers->request, REQUEST_MAX);
    subscribers->received = memory_new(RECEIVE_SIZE);
}

void subscribers_fini(struct subscribers *subscribers)
{
    subscribers_leave(subscribers);
    for (size_t i = 0; i < subscribers->count; i++)
        reader_fini(&subscribers->all[i].reader);
    free(subscribers->all);
    free(subscribers->received);
    buf_fini(&subscribers->request);
}
