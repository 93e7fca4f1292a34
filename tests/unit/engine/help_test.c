/* Workers that help the engine, with real threads: each publishes, takes turns in the engine's
 * place where it can, and sleeps where it has to wait. */
#include "unit.h"

#include "base/hash.h"
#include "engine/engine.h"
#include "engine/frame.h"

#include <pthread.h>

enum { WORKERS = 3, EACH = 4000, BURST = 5 };

struct played {
    struct engine *engine;
    unsigned number;
    struct ev_loop *loop;
    struct mailbox mailbox;
    struct progress progress;
    uint64_t published, answered, entries, newest;
    bool opened, disordered, overtaken, refused, ended;
    pthread_t thread;
};

static void on_mail(struct ev_loop *loop, ev_async *wake, int events)
{
    (void)wake, (void)events;
    ev_break(loop, EVBREAK_ONE);
}

static void take_entries(struct played *played, struct entries *entries)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < entries->count; i++) {
        played->disordered |= entries->events[i]->id <= played->newest;
        played->newest = entries->events[i]->id;
        bytes += event_size(entries->events[i]);
        event_unref(entries->events[i]);
    }
    played->entries += entries->count;
    atomic_fetch_add(&played->progress.taken_bytes, bytes);
    atomic_fetch_add(&played->progress.taken, entries->count);
    free(entries);
}

static void take_answer(struct played *played, struct request *request)
{
    played->refused |= request->error != OK;
    if (request->kind == REQUEST_OPEN) {
        played->opened = true;
    } else {
        played->answered++;
        played->overtaken |= request->line.id > played->newest;
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
        else if (mail->kind == ENGINE_END)
            played->ended = true;
        else
            take_answer(played, (struct request *)(void *)mail);
        mail = next;
    }
    engine_caught_up(played->engine);
}

/* As a worker does in each turn. */
static void turn(struct played *played)
{
    engine_help(played->engine);
    take_mail(played);
}

static void post(struct played *played, enum request_kind kind)
{
    struct request *request = request_new(kind, (uint16_t)played->number, SPAN(""));
    struct span name = SPAN("a");
    if (kind == REQUEST_OPEN)
        request->selection = selection_new(&name, 1, SPAN("me"), false);
    else if (kind == REQUEST_PUBLISH)
        request->line.entry = frame_new(SPAN("a"), SPAN(""), SPAN("x"), false);
    engine_post(played->engine, request);
}

static void *play(void *context)
{
    struct played *played = context;
    while (played->published < EACH) {
        uint64_t burst = 1 + (played->published + played->number) % BURST;
        for (uint64_t i = 0; i < burst && played->published < EACH; i++, played->published++)
            post(played, REQUEST_PUBLISH);
        for (turn(played); played->answered < played->published; turn(played))
            ev_run(played->loop, 0);
    }
    post(played, REQUEST_QUIET);
    for (turn(played); !played->ended; turn(played))
        ev_run(played->loop, 0);
    return NULL;
}

static void *open_stream(void *context)
{
    struct played *played = context;
    post(played, REQUEST_OPEN);
    for (turn(played); !played->opened; turn(played))
        ev_run(played->loop, 0);
    return NULL;
}

static void all_do(struct played *all, void *(*what)(void *))
{
    for (unsigned i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&all[i].thread, NULL, what, &all[i]), 0);
    for (unsigned i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(all[i].thread, NULL), 0);
}

static void workers_that_help_get_every_entry_once_in_order_and_every_answer(void **state)
{
    (void)state;
    static struct played all[WORKERS];
    struct engine_settings settings = {
        .ops = &memory_engine,
        .limits = {.channels = 1000,
                   .history = 100,
                   .history_bytes = 1 << 30,
                   .ttl_ms = 1 << 30,
                   .memory = 1 << 30},
        .workers = WORKERS,
        .helped = true,
    };
    struct engine *engine = engine_new(&settings);
    assert_non_null(engine);
    for (unsigned i = 0; i < WORKERS; i++) {
        all[i] = (struct played){.engine = engine, .number = i, .loop = ev_loop_new(EVFLAG_AUTO)};
        mailbox_open(&all[i].mailbox, all[i].loop, on_mail, &all[i]);
        engine_connect(engine, i, &all[i].mailbox, &all[i].progress);
    }
    engine_start(engine);
    all_do(all, open_stream);
    all_do(all, play);
    engine_stop(engine);
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(all[i].answered, EACH);
        assert_int_equal(all[i].entries, WORKERS * EACH);
        assert_false(all[i].disordered || all[i].overtaken || all[i].refused);
        mailbox_close(&all[i].mailbox);
        ev_loop_destroy(all[i].loop);
    }
    engine_free(engine);
}

int main(void)
{
    hash_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_that_help_get_every_entry_once_in_order_and_every_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
