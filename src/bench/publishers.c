/* CLOSED -> CONNECTING -> IDLE until the next event is due -> SENDING -> WAITING for the answer ->
 * IDLE …; and CLOSED again where the hub closes. */
#include "bench/publishers.h"

#include "bench/answer.h"
#include "bench/now.h"
#include "bench/requests.h"

#include "base/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RECEIVE_SIZE = 64 << 10, DETAIL_MAX = 120 };

enum publisher_state { CLOSED, CONNECTING, IDLE, SENDING, WAITING };

struct publisher {
    struct publishers *publishers;
    ev_io io;
    enum publisher_state state;
    uint64_t next;  /* number of its next event */
    uint64_t count; /* events of the request under way */
    uint64_t sent_ns;
    struct buf body, request;
    size_t request_sent;
    struct answer answer;
    char detail[DETAIL_MAX + 1]; /* the front of the answer's body */
    size_t detail_size;
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
    for (uint64_t i = 0; i < publishers->plan->publishers; i++)
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

static void hang_up(struct publisher *publisher)
{
    if (publisher->state == CLOSED)
        return;
    ev_io_stop(publisher->publishers->loop, &publisher->io);
    close(publisher->io.fd);
    publisher->state = CLOSED;
}

static void connect_again(struct publisher *publisher)
{
    static const struct sources any;
    struct publishers *publishers = publisher->publishers;
    int fd = target_connect(&publishers->plan->publish_target, &any, 0);
    if (fd < 0) {
        fail(publishers, "no socket for a publisher: %s", strerror(errno));
        return;
    }
    publisher->state = CONNECTING;
    ev_io_set(&publisher->io, fd, EV_WRITE);
    ev_io_start(publishers->loop, &publisher->io);
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
    watch(publisher, publisher->state == WAITING ? EV_READ : EV_READ | EV_WRITE);
}

static void begin(struct publisher *publisher)
{
    struct publishers *publishers = publisher->publishers;
    const struct plan *plan = publishers->plan;
    uint32_t first = (uint32_t)(publisher->next % plan->channels);
    publisher->sent_ns = now_ns();
    publisher->body.len = 0;
    publisher->request.len = 0;
    for (publisher->count = 0; publisher->count < plan->batch && publisher->next < publishers->to;
         publisher->count++) {
        struct payload_front front = {.channel = (uint32_t)(publisher->next % plan->channels),
                                      .sequence = (uint32_t)(publisher->next / plan->channels),
                                      .sent_ns = publisher->sent_ns};
        payload_write(publishers->payload, front);
        request_add_event(&publisher->body, plan, front.channel, publishers->payload);
        publisher->next += plan->publishers;
    }
    request_publish(&publisher->request, plan, first, &publisher->body);
    publisher->request_sent = 0;
    answer_init(&publisher->answer);
    publisher->detail_size = 0;
    publisher->state = SENDING;
    publishers->sent += publisher->count;
    send_rest(publisher);
}

/* All of its next batch may be sent. */
static bool is_due(const struct publisher *publisher)
{
    const struct publishers *publishers = publisher->publishers;
    const struct plan *plan = publishers->plan;
    uint64_t last = publisher->next + (plan->batch - 1) * plan->publishers;
    if (last >= publishers->to)
        last = publishers->to - 1;
    return publisher->next < publishers->to && last < publishers->due;
}

static void go_on(struct publisher *publisher)
{
    if (publisher->publishers->failure[0] || !is_due(publisher))
        return;
    if (publisher->state == CLOSED)
        connect_again(publisher);
    else if (publisher->state == IDLE)
        begin(publisher);
}

static void keep_detail(struct publisher *publisher, struct span body)
{
    for (size_t i = 0; i < body.n && publisher->detail_size < DETAIL_MAX; i++)
        publisher->detail[publisher->detail_size++] =
            (char)(body.p[i] >= 0 && body.p[i] < ' ' ? ' ' : body.p[i]);
    publisher->detail[publisher->detail_size] = '\0';
}

/* The answer is whole. */
static void end_answer(struct publisher *publisher)
{
    struct publishers *publishers = publisher->publishers;
    const struct answer *answer = &publisher->answer;
    if (answer->status / 100 != 2) {
        fail(publishers, "a publish was answered with %u%s%s", answer->status,
             publisher->detail_size ? ": " : "", publisher->detail_size ? publisher->detail : "");
        return;
    }
    if (publisher->state == SENDING) {
        fail(publishers, "the hub answered a publish before it was sent");
        return;
    }
    publishers->newest_ns = now_ns();
    publishers->answered += publisher->count;
    histogram_add(&publishers->answers, publishers->newest_ns - publisher->sent_ns);
    publisher->state = IDLE;
    if (!answer->keeps)
        hang_up(publisher);
    go_on(publisher);
}

static void take(struct publisher *publisher, struct span bytes)
{
    struct publishers *publishers = publisher->publishers;
    struct answer *answer = &publisher->answer;
    while (bytes.n && !answer_is_over(answer)) {
        struct span body;
        size_t used = answer_feed(answer, bytes, &body);
        if (answer->status / 100 != 2)
            keep_detail(publisher, body);
        bytes = (struct span){bytes.p + used, bytes.n - used};
    }
    if (answer_is_broken(answer) || bytes.n)
        fail(publishers, "the hub sent a publisher what is no answer to it");
    else if (answer_is_over(answer))
        end_answer(publisher);
}

static void receive(struct publisher *publisher)
{
    struct publishers *publishers = publisher->publishers;
    ssize_t n = recv(publisher->io.fd, publishers->received, RECEIVE_SIZE, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 && publisher->state == IDLE) {
        hang_up(publisher);
        go_on(publisher);
    } else if (n == 0 && publisher->state == WAITING && answer_close(&publisher->answer)) {
        end_answer(publisher);
    } else if (n <= 0) {
        fail(publishers, "the hub closed a publisher's connection before its answer: %s",
             n ? strerror(errno) : "no more bytes");
    } else if (publisher->state == WAITING || publisher->state == SENDING) {
        take(publisher, (struct span){publishers->received, (size_t)n});
    } else {
        fail(publishers, "the hub sent a publisher what it did not ask for");
    }
}

static void ready(struct ev_loop *loop, ev_io *io, int events)
{
    struct publisher *publisher = CONTAINER_OF(io, struct publisher, io);
    (void)loop;
    if (publisher->state == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(io->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) {
            fail(publisher->publishers, "the publisher cannot connect: %s", strerror(error));
            return;
        }
        publisher->state = IDLE;
        watch(publisher, EV_READ);
        go_on(publisher);
    } else if (events & EV_READ) {
        receive(publisher);
    } else if (publisher->state == SENDING) {
        send_rest(publisher);
    }
}

static void allow(struct ev_loop *loop, ev_timer *pace, int events)
{
    struct publishers *publishers = CONTAINER_OF(pace, struct publishers, pace);
    (void)loop;
    (void)events;
    double seconds = seconds_between(publishers->started_ns, now_ns());
    publishers->due = publishers->from + (uint64_t)(seconds * (double)publishers->plan->rate) + 1;
    for (uint64_t i = 0; i < publishers->plan->publishers; i++)
        go_on(&publishers->all[i]);
}

void publishers_open(struct publishers *publishers, const struct plan *plan,
                     struct payload *payload, struct ev_loop *loop, uint64_t from, uint64_t to)
{
    *publishers =
        (struct publishers){.plan = plan, .payload = payload, .loop = loop, .from = from, .to = to};
    publishers->all = memory_new(plan->publishers * sizeof *publishers->all);
    publishers->received = memory_new(RECEIVE_SIZE);
    publishers->started_ns = now_ns();
    publishers->due = plan->rate ? from : UINT64_MAX;
    double every = plan->rate >= 100 ? 0.001 : 0.01;
    ev_timer_init(&publishers->pace, allow, 0, every);
    for (uint64_t i = 0; i < plan->publishers; i++) {
        struct publisher *publisher = &publishers->all[i];
        publisher->publishers = publishers;
        publisher->next = from + i;
        buf_init(&publisher->body, REQUEST_MAX);
        buf_init(&publisher->request, REQUEST_MAX);
        ev_init(&publisher->io, ready);
    }
    for (uint64_t i = 0; i < plan->publishers && !publishers->failure[0]; i++)
        connect_again(&publishers->all[i]);
    if (plan->rate && !publishers->failure[0])
        ev_timer_start(loop, &publishers->pace);
}

void publishers_close(struct publishers *publishers)
{
    if (!publishers->all)
        return;
    ev_timer_stop(publishers->loop, &publishers->pace);
    for (uint64_t i = 0; i < publishers->plan->publishers; i++) {
        hang_up(&publishers->all[i]);
        buf_fini(&publishers->all[i].body);
        buf_fini(&publishers->all[i].request);
    }
    free(publishers->received);
    free(publishers->all);
    publishers->all = NULL;
}
