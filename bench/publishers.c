/* connecting -> sending -> waiting for the answer -> idle until the next event is due -> sending …
 */
#include "publishers.h"

#include "now.h"
#include "request.h"

#include "base/check.h"
#include "base/units.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MAX = 4096, REQUEST_MAX = 1 << 25, POLLED_MAX = 4 };

enum publisher_state { IDLE, SENDING, WAITING };

struct publisher {
    struct publishers *publishers;
    ev_io io;
    enum publisher_state state;
    bool connected;
    uint64_t next; /* number of its next event */
    uint64_t sent_ns;
    struct buf request;
    size_t request_sent;
    size_t answer_size;
    char answer[ANSWER_MAX];
};

__attribute__((format(printf, 2, 3))) static void fail(struct publishers *publishers,
                                                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!publishers->failure[0])
        vsnprintf(publishers->failure, sizeof publishers->failure, format, arguments);
    va_end(arguments);
    ev_timer_stop(publishers->loop, &publishers->pace);
    for (uint32_t i = 0; i < publishers->options->publishers; i++)
        ev_io_stop(publishers->loop, &publishers->all[i].io);
}

static void watch(struct publisher *publisher, int events)
{
    struct ev_loop *loop = publisher->publishers->loop;
    if (ev_is_active(&publisher->io) && (publisher->io.events & (EV_READ | EV_WRITE)) == events)
        return;
    ev_io_stop(loop, &publisher->io);
    ev_io_set(&publisher->io, publisher->io.fd, events);
    ev_io_start(loop, &publisher->io);
}

static void send_rest(struct publisher *publisher)
{
    struct buf *request = &publisher->request;
    ssize_t n = send(publisher->io.fd, request->data + publisher->request_sent,
                     request->len - publisher->request_sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        fail(publisher->publishers, "the publisher cannot send: %s", strerror(errno));
        return;
    }
    publisher->request_sent += n > 0 ? (size_t)n : 0;
    if (publisher->request_sent == request->len)
        publisher->state = WAITING;
    watch(publisher, publisher->state == WAITING ? EV_READ : EV_WRITE);
}

static void begin(struct publisher *publisher)
{
    struct publishers *publishers = publisher->publishers;
    const struct options *options = publishers->options;
    uint64_t number = publisher->next;
    publisher->next += options->publishers;
    publisher->sent_ns = now_ns();
    struct payload_front front = {.channel = (uint32_t)(number % options->channels),
                                  .sequence = (uint32_t)(number / options->channels),
                                  .sent_ns = publisher->sent_ns};
    payload_write(publishers->payload, front);
    publisher->request.len = 0;
    request_publish(&publisher->request, options, front.channel);
    CHECK(buf_append(&publisher->request, publishers->payload->bytes, options->size) == OK);
    publisher->request_sent = 0;
    publisher->answer_size = 0;
    publisher->state = SENDING;
    publishers->sent++;
    send_rest(publisher);
}

static void go_on(struct publisher *publisher)
{
    struct publishers *publishers = publisher->publishers;
    if (publisher->state == IDLE && publisher->connected && !publishers->failure[0] &&
        publisher->next < publishers->options->events && publisher->next < publishers->due)
        begin(publisher);
}

/* The bytes of the answer's head and body as its head tells them; 0 while the head is not whole. A
 * head without a length counts as one without a body. */
static size_t answer_length(struct publisher *publisher)
{
    char *answer = publisher->answer;
    answer[publisher->answer_size] = '\0';
    char *end = strstr(answer, "\r\n\r\n");
    if (!end)
        return 0;
    char *length = strcasestr(answer, "\r\ncontent-length:");
    return (size_t)(end + 4 - answer) +
           (length && length < end ? (size_t)strtoul(length + 17, NULL, 10) : 0);
}

/* True when the answer is whole, and good. */
static bool take_answer(struct publisher *publisher)
{
    struct publishers *publishers = publisher->publishers;
    size_t length = answer_length(publisher);
    if (length >= ANSWER_MAX || (!length && publisher->answer_size == ANSWER_MAX - 1)) {
        fail(publishers, "an answer to a publish has more than %d bytes", ANSWER_MAX);
        return false;
    }
    if (!length || publisher->answer_size < length)
        return false;
    if (strncmp(publisher->answer, "HTTP/1.1 2", 10) != 0 || publisher->answer_size > length) {
        fail(publishers, "event %llu was answered with %.*s",
             (unsigned long long)(publishers->answered + 1),
             (int)strcspn(publisher->answer, "\r\n"), publisher->answer);
        return false;
    }
    publishers->newest_ns = now_ns();
    publishers->answered++;
    histogram_add(&publishers->answers, publishers->newest_ns - publisher->sent_ns);
    publisher->state = IDLE;
    return true;
}

static void receive(struct publisher *publisher)
{
    char *room = publisher->answer + publisher->answer_size;
    ssize_t n = recv(publisher->io.fd, room, ANSWER_MAX - 1 - publisher->answer_size, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        fail(publisher->publishers, "the hub closed a publisher's connection: %s",
             n ? strerror(errno) : "end of the stream");
        return;
    }
    if (n < 0)
        return;
    if (publisher->state != WAITING) {
        fail(publisher->publishers, "the hub sent a publisher what it did not ask for");
        return;
    }
    publisher->answer_size += (size_t)n;
    if (take_answer(publisher))
        go_on(publisher);
}

static void ready(struct ev_loop *loop, ev_io *io, int events)
{
    struct publisher *publisher = CONTAINER_OF(io, struct publisher, io);
    (void)loop;
    if (!publisher->connected) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) {
            fail(publisher->publishers, "the publisher cannot connect: %s", strerror(error));
            return;
        }
        publisher->connected = true;
        watch(publisher, EV_READ);
        go_on(publisher);
    } else if (publisher->state == SENDING && events & EV_WRITE) {
        send_rest(publisher);
    } else {
        receive(publisher);
    }
}

static void allow(struct ev_loop *loop, ev_timer *pace, int events)
{
    struct publishers *publishers = CONTAINER_OF(pace, struct publishers, pace);
    (void)loop;
    (void)events;
    double seconds = seconds_between(publishers->started_ns, now_ns());
    publishers->due = (uint64_t)(seconds * publishers->options->rate) + 1;
    for (uint32_t i = 0; i < publishers->options->publishers; i++)
        go_on(&publishers->all[i]);
}

void publishers_open(struct publishers *publishers, const struct options *options,
                     struct payload *payload, struct ev_loop *loop)
{
    *publishers = (struct publishers){.options = options, .payload = payload, .loop = loop};
    publishers->all = memory_new(options->publishers * sizeof *publishers->all);
    publishers->started_ns = now_ns();
    publishers->due = options->rate > 0 ? 0 : UINT64_MAX;
    double every = options->rate > 1000 ? 0.001 : options->rate > 0 ? 1 / options->rate : 0;
    ev_timer_init(&publishers->pace, allow, 0, every);
    if (every > 0)
        ev_timer_start(loop, &publishers->pace);
    for (uint32_t i = 0; i < options->publishers; i++) {
        struct publisher *publisher = &publishers->all[i];
        publisher->publishers = publishers;
        publisher->next = i;
        buf_init(&publisher->request, REQUEST_MAX);
        int fd = request_connect(options);
        if (fd < 0) {
            fail(publishers, "no socket for a publisher: %s", strerror(errno));
            return;
        }
        ev_io_init(&publisher->io, ready, fd, EV_WRITE);
        ev_set_priority(&publisher->io, EV_MAXPRI);
        ev_io_start(loop, &publisher->io);
    }
}

void publishers_poll(struct publishers *publishers)
{
    if (!publishers->all || publishers->failure[0] || publishers->options->publishers > POLLED_MAX)
        return;
    for (uint32_t i = 0; i < publishers->options->publishers; i++)
        if (publishers->all[i].state == WAITING)
            receive(&publishers->all[i]);
}

void publishers_close(struct publishers *publishers)
{
    if (!publishers->all)
        return;
    ev_timer_stop(publishers->loop, &publishers->pace);
    for (uint32_t i = 0; i < publishers->options->publishers; i++) {
        struct publisher *publisher = &publishers->all[i];
        ev_io_stop(publishers->loop, &publisher->io);
        if (publisher->io.fd > 0)
            close(publisher->io.fd);
        buf_fini(&publisher->request);
    }
    free(publishers->all);
    publishers->all = NULL;
}
