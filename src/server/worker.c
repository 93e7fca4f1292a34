/* The worker's thread and its turns. */
#include "server/worker.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "server/connection.h"
#include "server/inbox.h"
#include "server/ndjson.h"
#include "server/respond.h"
#include "server/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* How much of each kind of work one turn does. */
enum { RENDERED = 8 /* times an event's data at most, with what it came in */ };
enum { SLICE_STREAMS = 64, TURN_READY = 64, TURN_TIMEOUTS = 64, TURN_WALK = 64 };

/* What a worker's windows hold: enough that readers only fall below a floor by their own slowness,
 * and less than the log's own memory. */
static const struct window_limits window_limits = {
    .window_entries = 1024, .entries = 16384, .bytes = 4 << 20};

/* ---- what the windows ask for ---- */

static void *make_unwatch(void *context, struct window *window)
{
    struct worker *worker = context;
    struct request *request = request_new(REQUEST_UNWATCH, worker->number, window->entry.name);
    if (request) {
        request->hash = window->entry.hash;
        request->prefix = window->entry.prefix;
    }
    return request;
}

static void send_unwatch(void *context, void *unwatch)
{
    struct worker *worker = context;
    worker->posted = true;
    engine_post(worker->engine, unwatch);
}

/* ---- turns ---- */

/* Mail is taken in the turn, which comes before the loop sleeps again. */
static void on_mail(struct ev_loop *loop, ev_async *wake, int events)
{
    (void)loop, (void)wake, (void)events;
}

static void tell_progress(struct worker *worker)
{
    const struct windows *windows = &worker->windows;
    inbox_tell_waiting(worker);
    bool behind = windows->backlog > ENGINE_BEHIND_ENTRIES / 2 ||
                  windows->backlog_bytes > ENGINE_BEHIND_BYTES / 2;
    if (!behind)
        engine_caught_up(worker->engine);
}

static void run_slice(struct worker *worker)
{
    for (int i = 0; i < SLICE_STREAMS; i++) {
        struct link *link = windows_next(&worker->windows);
        if (!link)
            return;
        if (link->subscription->cursor >= window_newest(link->window))
            continue; /* another of its windows brought it this far already */
        stream_flush(CONTAINER_OF(link->subscription, struct stream, subscription));
    }
}

static void run_ready(struct worker *worker)
{
    for (int i = 0; i < TURN_READY && !STAILQ_EMPTY(&worker->ready); i++) {
        struct connection *connection = STAILQ_FIRST(&worker->ready);
        STAILQ_REMOVE_HEAD(&worker->ready, ready);
        connection->is_ready = false;
        if (connection->state == CONNECTION_CLOSED)
            LIST_INSERT_HEAD(&worker->doomed, connection, all);
        else
            connection_run(connection);
    }
}

static bool run_timeouts(struct worker *worker)
{
    for (int i = 0; i < TURN_TIMEOUTS; i++) {
        struct timeout *timeout = wheel_next(&worker->wheel, worker->now_ms);
        if (!timeout)
            return false;
        connection_timeout(CONTAINER_OF(timeout, struct connection, timeout));
    }
    return true;
}

/* The log is complete: a stream gets its last turn. */
static void end(struct connection *connection)
{
    if (connection->state == CONNECTION_STREAM)
        stream_flush(&connection->stream);
    else if (connection->state == CONNECTION_BODY ||
             (connection->state == CONNECTION_HEAD && connection->transit->in.len))
        respond_error(connection, ERROR_STOPPING, NULL); /* a request that is not whole */
    else if (connection->state == CONNECTION_HEAD)
        connection_finish(connection);
}

/* All connections, bit by bit: they end, or learn of other settings. */
static void walk(struct worker *worker)
{
    for (int i = 0; i < TURN_WALK && worker->walk_next; i++) {
        struct connection *connection = worker->walk_next;
        worker->walk_next = LIST_NEXT(connection, all);
        if (worker->ending)
            end(connection);
        else
            connection_retime(connection);
    }
}

static void reap(struct worker *worker)
{
    struct connection *connection;
    while ((connection = LIST_FIRST(&worker->doomed))) {
        LIST_REMOVE(connection, all);
        connection_free(connection);
    }
}

static void set_alarm(struct worker *worker)
{
    uint64_t delay = wheel_delay(&worker->wheel, worker->now_ms);
    if (ev_is_active(&worker->alarm) && worker->now_ms + delay == worker->alarm_ms)
        return;
    ev_timer_stop(worker->loop, &worker->alarm);
    if (delay == UINT64_MAX)
        return;
    worker->alarm_ms = worker->now_ms + delay;
    ev_timer_set(&worker->alarm, (double)delay / 1000, 0.);
    ev_timer_start(worker->loop, &worker->alarm);
}

static void stop_when_done(struct worker *worker)
{
    if (worker->stopping && !worker->quiet && worker->in_hand == 0) {
        worker->quiet = true;
        worker->posted = true;
        engine_post(worker->engine, worker->last_request);
        worker->last_request = NULL;
    }
    if (worker->ending && LIST_EMPTY(&worker->connections))
        ev_break(worker->loop, EVBREAK_ALL);
}

/* A worker that is idle, has many streams, and wakes another one by a turn of the engine, is then
 * long busy itself and keeps that one from running at once: with 10,000 streams p99 was a quarter
 * longer. While the fan-out is under way all are awake. */
static bool should_help(const struct worker *worker)
{
    return !TAILQ_EMPTY(&worker->windows.active) ||
           counter_read(&worker->counters, METRIC_SUBSCRIBERS) <= SLICE_STREAMS;
}

/* What was posted since the last time is worked off at once, if the engine is idle. */
static void help_engine(struct worker *worker)
{
    if (!worker->posted)
        return;
    worker->posted = false;
    if (should_help(worker))
        engine_help(worker->engine);
    else
        engine_wake(worker->engine);
}

static void on_turn(struct ev_loop *loop, ev_prepare *turn, int events)
{
    (void)events;
    struct worker *worker = turn->data;
    pulse_turn(&worker->pulse);
    worker->now_ms = clock_mono_ms();
    help_engine(worker);
    inbox_work(worker);
    run_slice(worker);
    run_ready(worker);
    bool late = run_timeouts(worker);
    walk(worker);
    reap(worker);
    tell_progress(worker);
    set_alarm(worker);
    stop_when_done(worker);
    help_engine(worker);
    if (late || worker->inbox || worker->walk_next || !STAILQ_EMPTY(&worker->ready) ||
        !TAILQ_EMPTY(&worker->windows.active))
        ev_idle_start(loop, &worker->busy);
    else
        ev_idle_stop(loop, &worker->busy);
}

static void on_busy(struct ev_loop *loop, ev_idle *idle, int events)
{
    (void)loop, (void)idle, (void)events; /* it only keeps the loop from sleeping */
}

static void on_alarm(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)timer, (void)events; /* the turn runs the timeouts */
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)events;
    struct worker *worker = timer->data;
    size_t count = 0;
    struct connection *connection;
    while ((connection = LIST_FIRST(&worker->connections))) {
        connection_close(connection, CLOSE_STOPPED);
        count++;
    }
    log_line(LOG_WARN, "worker.stop-timeout", "worker=%u cut=%zu", worker->number, count);
    ev_break(loop, EVBREAK_ALL);
}

static void *run(void *context)
{
    struct worker *worker = context;
    ev_run(worker->loop, 0);
    return NULL;
}

/* ---- life ---- */

bool worker_init(struct worker *worker, struct server *server, const struct settings *settings,
                 struct engine *engine, unsigned number)
{
    *worker = (struct worker){.server = server, .engine = engine, .number = number};
    worker->loop = ev_loop_new(EVFLAG_AUTO);
    if (!worker->loop) {
        log_line(LOG_ERROR, "worker.failed", "worker=%u error=no-event-loop", number);
        return false;
    }
    worker->last_request = request_new(REQUEST_QUIET, number, SPAN(""));
    if (!worker->last_request) {
        log_line(LOG_ERROR, "worker.failed", "worker=%u error=no-memory", number);
        ev_loop_destroy(worker->loop);
        worker->loop = NULL;
        return false;
    }
    worker_set(worker, settings_ref(settings));
    worker->now_ms = clock_mono_ms();
    wheel_init(&worker->wheel, worker->now_ms);
    windows_init(&worker->windows, window_limits, make_unwatch, send_unwatch, worker);
    LIST_INIT(&worker->connections);
    LIST_INIT(&worker->doomed);
    STAILQ_INIT(&worker->ready);
    mailbox_open(&worker->mailbox, worker->loop, on_mail, worker);
    pulse_init(&worker->pulse, &worker->mailbox);
    ev_prepare_init(&worker->turn, on_turn);
    ev_idle_init(&worker->busy, on_busy);
    ev_timer_init(&worker->alarm, on_alarm, 0., 0.);
    ev_timer_init(&worker->deadline, on_deadline, 0., 0.);
    worker->turn.data = worker->deadline.data = worker;
    ev_prepare_start(worker->loop, &worker->turn);
    engine_connect(engine, number, &worker->mailbox, &worker->progress);
    return true;
}

void worker_start(struct worker *worker)
{
    CHECK(pthread_create(&worker->thread, NULL, run, worker) == 0);
}

void worker_poll(struct worker *worker)
{
    ev_run(worker->loop, EVRUN_NOWAIT);
}

void worker_join(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
}

void worker_fini(struct worker *worker)
{
    if (!worker->loop)
        return;
    worker->over = true;
    do /* what came after the end: frees it */
        inbox_work(worker);
    while (worker->inbox);
    struct connection *connection;
    while ((connection = LIST_FIRST(&worker->connections)))
        connection_close(connection, CLOSE_STOPPED);
    while (!STAILQ_EMPTY(&worker->ready)) /* they have all closed */
        run_ready(worker);
    reap(worker);
    windows_fini(&worker->windows);
    envelopes_fini(&worker->envelopes);
    if (worker->last_request)
        request_free(worker->last_request);
    mailbox_close(&worker->mailbox);
    ev_loop_destroy(worker->loop);
    settings_unref(worker->settings);
}

void worker_set(struct worker *worker, const struct settings *settings)
{
    uint64_t share = settings->memory / settings_workers(settings),
             largest = NDJSON_BYTES_MAX + RENDERED * settings->max_event;
    const struct settings *old = worker->settings;
    worker->settings = settings;
    worker->weight_max = share > largest ? share : largest;
    if (!old)
        return;
    if (!worker->ending &&
        (old->keepalive != settings->keepalive || old->stall_timeout != settings->stall_timeout))
        worker->walk_next = LIST_FIRST(&worker->connections);
    settings_unref(old);
}

const char *worker_date(struct worker *worker)
{
    time_t now = time(NULL);
    if ((uint64_t)now != worker->date_s) {
        struct tm parts;
        gmtime_r(&now, &parts);
        strftime(worker->date, sizeof worker->date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
        worker->date_s = (uint64_t)now;
    }
    return worker->date;
}

void worker_post(struct worker *worker, struct request *request)
{
    if (inbox_is_in_hand(request))
        worker->in_hand++;
    worker->posted = true;
    engine_post(worker->engine, request);
}
