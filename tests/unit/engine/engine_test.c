/* The engine's thread, with a worker that is played by the test: it takes its mail when the test
 * says so. */
#include "unit.h"

#include "base/hash.h"
#include "engine/engine.h"
#include "engine/frame.h"

struct played {
    struct engine *engine;
    struct ev_loop *loop;
    struct mailbox mailbox;
    struct progress progress;
    uint64_t published, answered, entries; /* counted as they come */
    uint64_t newest;                       /* id of the last entry */
    uint64_t answers_ahead;                /* answers that came before their entry */
    bool opened;
    uint32_t held; /* events of the last piece */
};

static const struct tail_limits roomy = {.channels = 1000,
                                         .history = 1 << 20,
                                         .history_bytes = 1 << 30,
                                         .ttl_ms = 1 << 30,
                                         .memory = 1 << 30};

static void on_mail(struct ev_loop *loop, ev_async *wake, int events)
{
    (void)wake, (void)events;
    ev_break(loop, EVBREAK_ONE);
}

static void start(struct played *played)
{
    struct engine_settings settings = {
        .ops = &memory_engine,
        .limits = roomy,
        .workers = 1,
    };
    *played = (struct played){.engine = engine_new(&settings), .loop = ev_loop_new(EVFLAG_AUTO)};
    assert_non_null(played->engine);
    mailbox_open(&played->mailbox, played->loop, on_mail, played);
    engine_connect(played->engine, 0, &played->mailbox, &played->progress);
    engine_start(played->engine);
}

static void take_entries(struct played *played, struct entries *entries)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < entries->count; i++) {
        assert_true(entries->events[i]->id > played->newest);
        played->newest = entries->events[i]->id;
        bytes += event_size(entries->events[i]);
        event_unref(entries->events[i]);
    }
    played->entries += entries->count;
    /* Taken, and waiting for the fan-out until the test says that it has been round. */
    atomic_fetch_add(&played->progress.waiting, entries->count);
    atomic_fetch_add(&played->progress.waiting_bytes, bytes);
    atomic_fetch_add(&played->progress.taken_bytes, bytes);
    atomic_fetch_add(&played->progress.taken, entries->count);
    free(entries);
}

static void take_answer(struct played *played, struct request *request)
{
    assert_ok(request->error);
    if (request->kind == REQUEST_OPEN) {
        played->opened = true;
    } else if (request->kind == REQUEST_READ) {
        played->held = request->piece->count;
    } else {
        played->answered++;
        played->answers_ahead += request->line.id > played->newest;
    }
    request_free(request);
}

static void take_mail(struct played *played)
{
    struct mail *mail = mailbox_take(&played->mailbox);
    while (mail) {
        struct mail *next = mail->next;
        if (mail->kind == ENGINE_ENTRIES)
            take_entries(played, (struct entries *)(void *)mail);
        else
            take_answer(played, (struct request *)(void *)mail);
        mail = next;
    }
}

static void watch(struct played *played)
{
    struct span name = SPAN("a");
    struct request *request = request_new(REQUEST_OPEN, 0, SPAN(""));
    request->selection = selection_new(&name, 1, SPAN("me"), false);
    engine_post(played->engine, request);
    while (!played->opened) {
        ev_run(played->loop, 0);
        take_mail(played);
    }
}

static void publish(struct played *played, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct request *request = request_new(REQUEST_PUBLISH, 0, SPAN(""));
        request->line.entry = frame_new(SPAN("a"), SPAN(""), SPAN("x"), false);
        engine_post(played->engine, request);
    }
    played->published += count;
}

/* Until the engine has held what it holds: a request that is no publish is answered behind all that
 * it took. */
static void let_it_work(struct played *played)
{
    for (int i = 0; i < 100; i++) {
        played->opened = false;
        watch(played);
    }
}

static void finish(struct played *played)
{
    engine_stop(played->engine);
    take_mail(played);
    assert_int_equal(engine_head(played->engine), played->newest); /* told behind the entries */
    engine_free(played->engine);
    take_mail(played);
    mailbox_close(&played->mailbox);
    ev_loop_destroy(played->loop);
}

static void go_round(struct played *played)
{
    atomic_store(&played->progress.waiting, 0);
    atomic_store(&played->progress.waiting_bytes, 0);
    engine_caught_up(played->engine);
}

static void every_publish_is_answered_behind_its_entry(void **state)
{
    (void)state;
    struct played played;
    start(&played);
    watch(&played);
    publish(&played, 5000);
    while (played.answered < played.published) {
        ev_run(played.loop, 0);
        take_mail(&played);
        go_round(&played);
    }
    assert_int_equal(played.entries, 5000);
    assert_int_equal(played.answers_ahead, 0);
    finish(&played);
}

static void publishes_wait_while_a_worker_is_behind_and_go_on_when_it_has_caught_up(void **state)
{
    (void)state;
    struct played played;
    start(&played);
    watch(&played);
    publish(&played, 2000);
    let_it_work(&played); /* takes its mail, but its fan-out does not come round */
    uint64_t held_at = played.answered;
    assert_in_range(held_at, ENGINE_BEHIND_ENTRIES, ENGINE_BEHIND_ENTRIES + 128);
    let_it_work(&played);
    assert_int_equal(played.answered, held_at);
    while (played.answered < played.published) { /* a wake-up that is lost would hang here */
        go_round(&played);
        ev_run(played.loop, 0);
        take_mail(&played);
    }
    assert_int_equal(played.entries, 2000);
    finish(&played);
}

/* How many events of the channel the log has. */
static uint32_t held(struct played *played)
{
    struct span name = SPAN("a");
    struct request *request = request_new(REQUEST_READ, 0, SPAN(""));
    request->selection = selection_new(&name, 1, SPAN("me"), false);
    request->limit = 1000;
    played->held = UINT32_MAX;
    engine_post(played->engine, request);
    while (played->held == UINT32_MAX) {
        ev_run(played->loop, 0);
        take_mail(played);
    }
    return played->held;
}

static void publish_all(struct played *played, uint64_t count)
{
    publish(played, count);
    while (played->answered < played->published) {
        ev_run(played->loop, 0);
        take_mail(played);
        go_round(played);
    }
}

static void new_limits_come_into_force_while_it_runs(void **state)
{
    (void)state;
    struct played played;
    struct tail_limits limits = roomy;
    struct rule rule = {SPAN("a"), 10, RULE_HUBS, RULE_HUBS};
    start(&played);
    watch(&played);
    publish_all(&played, 500);
    assert_int_equal(held(&played), 500);
    limits.memory = 4096;
    limits.rules = rules_new(&rule, 1);
    assert_true(engine_set_limits(played.engine, limits));
    while (held(&played) > 10)
        ;
    assert_int_equal(held(&played), 10);
    assert_int_equal(atomic_load(&engine_twins(played.engine)->max), 1024);
    publish_all(&played, 5);
    assert_int_equal(held(&played), 10);
    assert_true(engine_set_limits(played.engine, roomy));
    for (uint32_t n = 10; n < 20;) { /* from some event on all are kept */
        publish_all(&played, 1);
        n = held(&played);
    }
    rule.match = SPAN("b");
    limits.rules = rules_new(&rule, 1); /* perhaps still on its way at the end */
    assert_true(engine_set_limits(played.engine, limits));
    finish(&played);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_publish_is_answered_behind_its_entry),
        cmocka_unit_test(publishes_wait_while_a_worker_is_behind_and_go_on_when_it_has_caught_up),
        cmocka_unit_test(new_limits_come_into_force_while_it_runs),
    };
    hash_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
