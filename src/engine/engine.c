/* The engine's turns: each takes requests from the mailbox, runs the log for a bounded time, and
 * sends entries and answers on. Whose turn it is has the token: the engine's own thread, which also
 * keeps the times, or a worker that has posted something and finds the token free, since two
 * changes of thread cost more than most requests do. Publishes go before reads, so that a storm of
 * reconnects does not hold them up; but while a worker is far behind with its fan-out they wait,
 * and so do their publishers. Within a turn everything for one worker keeps its order, and the
 * newest id is told after it is sent. */
#include "engine/engine.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/log.h"
#include "engine/outlet.h"

#include <pthread.h>
#include <stdlib.h>

enum { TWINS_SHARE = 4 /* of the memory for events, that second renderings may take as well */ };
enum { HELPS = 2 /* turns in a row that a worker takes in the engine's place */ };
enum { TURN_PUBLISHES = 64, TURN_BYTES = 256 << 10, TURN_STEPS = 32 };

/* Limits on their way to the engine. */
struct new_limits {
    struct mail mail;
    struct tail_limits limits;
};

struct engine {
    struct log log;
    struct mailbox mailbox;
    struct pulse pulse;
    struct ev_loop *loop;
    ev_prepare turn;
    ev_idle busy; /* running while work is left, so that the loop does not sleep */
    ev_timer expiry;
    uint64_t expiry_ms; /* wall clock, what the timer is set for; UINT64_MAX: it is not */
    pthread_t thread;
    pthread_mutex_t token;  /* whose turn it is: this thread's, or a worker's that helps */
    _Atomic unsigned order; /* of giving it back and looking for it, see meet */
    bool running, helped;
    struct request_list publishes, steps;
    unsigned workers, quiet;
    struct engine_figures figures;
    struct twins twins;
    _Atomic uint64_t head, gone_to;
    _Atomic bool holding, stop;
    struct mail ends[ENGINE_WORKERS_MAX];
    struct outlet outlets[ENGINE_WORKERS_MAX];
};

/* ---- to the workers ---- */

static void send_entry(void *context, unsigned worker, struct event *event)
{
    struct engine *engine = context;
    outlet_add(&engine->outlets[worker], event, &engine->log.tail);
}

static void send_request(void *context, struct request *request)
{
    struct engine *engine = context;
    outlet_answer(&engine->outlets[request->worker], request);
}

static bool any_behind(const struct engine *engine)
{
    for (unsigned i = 0; i < engine->workers; i++)
        if (outlet_is_behind(&engine->outlets[i]))
            return true;
    return false;
}

/* ---- turns ---- */

static void take_limits(struct engine *engine, struct new_limits *taken)
{
    log_set_limits(&engine->log, taken->limits);
    atomic_store(&engine->twins.max, taken->limits.memory / TWINS_SHARE);
    free(taken);
}

static void take_request(struct engine *engine, struct request *request)
{
    if (request->kind == REQUEST_PUBLISH)
        request_list_add(&engine->publishes, request);
    else
        request_list_add(&engine->steps, request);
}

static void sort_mail(struct engine *engine)
{
    struct mail *mail = mailbox_take(&engine->mailbox);
    while (mail) {
        struct mail *next = mail->next;
        if (mail->kind == ENGINE_LIMITS)
            take_limits(engine, CONTAINER_OF(mail, struct new_limits, mail));
        else
            take_request(engine, CONTAINER_OF(mail, struct request, mail));
        mail = next;
    }
}

static void worker_is_quiet(struct engine *engine, struct request *request)
{
    request_free(request);
    if (++engine->quiet < engine->workers)
        return;
    for (unsigned i = 0; i < engine->workers; i++) {
        outlet_flush(&engine->outlets[i]);
        engine->ends[i].kind = ENGINE_END;
        mailbox_put(engine->outlets[i].mailbox, &engine->ends[i]);
    }
}

static void publish_some(struct engine *engine, uint64_t now_ms)
{
    struct request_list batch;
    struct request *request;
    size_t bytes = 0;
    if (!engine->publishes.first && !log_has_work(&engine->log))
        return;
    /* First, so that no worker that catches up now goes unheard: it tells its progress and then
     * looks at this, all in one total order. */
    atomic_store(&engine->holding, true);
    if (any_behind(engine))
        return;
    atomic_store(&engine->holding, false);
    request_list_init(&batch);
    for (uint32_t lines = 0; lines < TURN_PUBLISHES && bytes < TURN_BYTES;) {
        if (engine->log.accepted.first || !(request = request_list_take(&engine->publishes)))
            break; /* what came first is let out first */
        bytes += request_bytes(request);
        lines += request->line_count;
        request_list_add(&batch, request);
    }
    log_publish(&engine->log, &batch, now_ms);
    log_release(&engine->log, now_ms);
}

static void step_some(struct engine *engine, uint64_t now_ms)
{
    for (int i = 0; i < TURN_STEPS; i++) {
        struct request *request = request_list_take(&engine->steps);
        if (!request)
            return;
        if (request->kind == REQUEST_QUIET)
            worker_is_quiet(engine, request);
        else if (!log_step(&engine->log, request, now_ms))
            request_list_add(&engine->steps, request);
    }
}

static void tell_figures(struct engine *engine)
{
    const struct tail *tail = &engine->log.tail;
    atomic_store_explicit(&engine->figures.bytes, tail->bytes, memory_order_relaxed);
    atomic_store_explicit(&engine->figures.channels, tail->channels.count, memory_order_relaxed);
    atomic_store_explicit(&engine->figures.keys, HASH_COUNT(engine->log.keys.table),
                          memory_order_relaxed);
    atomic_store_explicit(&engine->gone_to, tail_gone_to(tail, engine->log.head),
                          memory_order_relaxed);
    atomic_store_explicit(&engine->head, engine->log.head, memory_order_release);
}

/* Of events, channels and keys, wall clock ms. */
static uint64_t next_expiry(const struct engine *engine, uint64_t now_ms)
{
    const struct log *log = &engine->log;
    uint64_t tail = tail_next_expiry(&log->tail), keys = keys_next_expiry(&log->keys);
    if (keys != UINT64_MAX)
        keys = now_ms + (keys > log->now_ms ? keys - log->now_ms : 0);
    return tail < keys ? tail : keys;
}

static void set_expiry(struct engine *engine, uint64_t now_ms)
{
    uint64_t next = next_expiry(engine, now_ms);
    if (next >= engine->expiry_ms)
        return;
    uint64_t delay = next > now_ms ? next - now_ms : 1;
    engine->expiry_ms = next;
    ev_timer_stop(engine->loop, &engine->expiry);
    ev_timer_set(&engine->expiry, (double)(delay < 60000 ? delay : 60000) / 1000, 0.);
    ev_timer_start(engine->loop, &engine->expiry);
}

static void on_expiry(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)events;
    struct engine *engine = timer->data;
    pthread_mutex_lock(&engine->token);
    bool more = tail_expire(&engine->log.tail, clock_wall_ms());
    more |= keys_expire(&engine->log.keys, clock_mono_ms());
    engine->expiry_ms = more ? 0 : UINT64_MAX;
    pthread_mutex_unlock(&engine->token);
    if (more) {
        ev_timer_set(timer, 0., 0.);
        ev_timer_start(loop, timer);
    }
}

/* True if there is more to do at once. Whoever has the token. */
static bool take_turn(struct engine *engine, uint64_t now_ms)
{
    engine->log.now_ms = clock_mono_ms();
    sort_mail(engine);
    publish_some(engine, now_ms);
    step_some(engine, now_ms);
    for (unsigned i = 0; i < engine->workers; i++)
        outlet_flush(&engine->outlets[i]);
    tell_figures(engine);
    bool holding = atomic_load_explicit(&engine->holding, memory_order_relaxed);
    bool publishes = engine->publishes.first || log_has_work(&engine->log);
    return (publishes && !holding) || engine->steps.first;
}

/* A worker posts, comes by here and tries for the token; who has the token gives it back, comes by
 * here and looks for mail. One comes first: then either the mail is seen or the token is free. */
static void meet(struct engine *engine)
{
    atomic_fetch_add(&engine->order, 1);
}

/* True if no mail is left. */
static bool give_token_back(struct engine *engine)
{
    pthread_mutex_unlock(&engine->token);
    meet(engine);
    return mailbox_is_empty(&engine->mailbox);
}

static void on_turn(struct ev_loop *loop, ev_prepare *turn, int events)
{
    (void)events;
    struct engine *engine = turn->data;
    pulse_turn(&engine->pulse);
    uint64_t now_ms = clock_wall_ms();
    pthread_mutex_lock(&engine->token);
    bool more = take_turn(engine, now_ms);
    set_expiry(engine, now_ms);
    if (!give_token_back(engine) || more)
        ev_idle_start(loop, &engine->busy);
    else
        ev_idle_stop(loop, &engine->busy);
    if (atomic_load(&engine->stop))
        ev_break(loop, EVBREAK_ALL);
}

/* Mail is taken in the turn, which comes before the loop sleeps again. */
static void on_mail(struct ev_loop *loop, ev_async *wake, int events)
{
    (void)loop, (void)wake, (void)events;
}

static void on_busy(struct ev_loop *loop, ev_idle *idle, int events)
{
    (void)loop, (void)idle, (void)events;
}

static void *run(void *context)
{
    struct engine *engine = context;
    ev_run(engine->loop, 0);
    return NULL;
}

/* ---- life ---- */

struct engine *engine_new(const struct engine_settings *settings)
{
    struct engine *engine = memory_new(sizeof *engine);
    struct log_owner owner = {send_entry, send_request, engine};
    enum error error = log_open(&engine->log, settings->ops, settings->limits, settings->workers,
                                owner, clock_wall_ms());
    engine->loop = error ? NULL : ev_loop_new(EVFLAG_AUTO);
    if (!engine->loop) {
        log_line(LOG_ERROR, "engine.failed", "engine=%s error=%s", settings->ops->name,
                 error ? error_name(error) : "no-event-loop");
        free(engine);
        return NULL;
    }
    engine->workers = settings->workers;
    engine->helped = settings->helped && settings->ops->anywhere;
    engine->twins.max = settings->limits.memory / TWINS_SHARE;
    request_list_init(&engine->publishes);
    request_list_init(&engine->steps);
    mailbox_open(&engine->mailbox, engine->loop, on_mail, engine);
    pulse_init(&engine->pulse, &engine->mailbox);
    ev_prepare_init(&engine->turn, on_turn);
    ev_idle_init(&engine->busy, on_busy);
    ev_timer_init(&engine->expiry, on_expiry, 0., 0.);
    engine->turn.data = engine->expiry.data = engine;
    engine->expiry_ms = UINT64_MAX;
    CHECK(pthread_mutex_init(&engine->token, NULL) == 0);
    ev_prepare_start(engine->loop, &engine->turn);
    tell_figures(engine);
    return engine;
}

void engine_connect(struct engine *engine, unsigned worker, struct mailbox *mailbox,
                    struct progress *progress)
{
    CHECK(worker < engine->workers && !engine->running);
    engine->outlets[worker].mailbox = mailbox;
    engine->outlets[worker].progress = progress;
}

void engine_start(struct engine *engine)
{
    CHECK(!engine->running);
    engine->running = true;
    CHECK(pthread_create(&engine->thread, NULL, run, engine) == 0);
}

void engine_poll(struct engine *engine)
{
    CHECK(!engine->running);
    ev_run(engine->loop, EVRUN_NOWAIT);
}

void engine_stop(struct engine *engine)
{
    if (!engine->running)
        return;
    atomic_store(&engine->stop, true);
    mailbox_wake(&engine->mailbox);
    pthread_join(engine->thread, NULL);
    engine->running = false;
}

static void free_list(struct request_list *list)
{
    struct request *request;
    while ((request = request_list_take(list)))
        request_free(request);
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    engine_stop(engine);
    sort_mail(engine);
    free_list(&engine->publishes);
    free_list(&engine->steps);
    mailbox_close(&engine->mailbox);
    ev_loop_destroy(engine->loop);
    log_close(&engine->log);
    pthread_mutex_destroy(&engine->token);
    free(engine);
}

void engine_post(struct engine *engine, struct request *request)
{
    if (engine->helped)
        mailbox_put_quietly(&engine->mailbox, &request->mail);
    else
        mailbox_put(&engine->mailbox, &request->mail);
}

/* A turn in the engine's place; true if the engine's own thread has something to do now. */
static bool help(struct engine *engine)
{
    uint64_t now_ms = clock_wall_ms();
    bool more = take_turn(engine, now_ms);
    return more || next_expiry(engine, now_ms) < engine->expiry_ms;
}

void engine_help(struct engine *engine)
{
    bool more = false, empty = !engine->helped;
    for (int i = 0; i < HELPS && !empty && !more; i++) {
        meet(engine);
        if (pthread_mutex_trylock(&engine->token) != 0)
            return;
        more = help(engine);
        empty = give_token_back(engine);
    }
    if (more || !empty)
        mailbox_wake(&engine->mailbox);
}

void engine_wake(struct engine *engine)
{
    mailbox_wake(&engine->mailbox);
}

bool engine_set_limits(struct engine *engine, struct tail_limits limits)
{
    struct new_limits *taken = malloc(sizeof *taken);
    if (!taken)
        return false;
    *taken = (struct new_limits){{.kind = ENGINE_LIMITS}, limits};
    mailbox_put_quietly(&engine->mailbox, &taken->mail);
    mailbox_wake(&engine->mailbox);
    return true;
}

uint64_t engine_head(const struct engine *engine)
{
    return atomic_load_explicit(&engine->head, memory_order_acquire);
}

uint64_t engine_gone_to(const struct engine *engine)
{
    return atomic_load_explicit(&engine->gone_to, memory_order_relaxed);
}

void engine_caught_up(struct engine *engine)
{
    if (atomic_load(&engine->holding))
        mailbox_wake(&engine->mailbox);
}

struct pulse *engine_pulse(struct engine *engine)
{
    return &engine->pulse;
}

struct twins *engine_twins(struct engine *engine)
{
    return &engine->twins;
}

const struct engine_figures *engine_figures(const struct engine *engine)
{
    return &engine->figures;
}

const char *engine_name(const struct engine *engine)
{
    return engine->log.ops->name;
}
