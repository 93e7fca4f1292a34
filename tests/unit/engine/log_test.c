/* engine/log: order, who gets what, and openings. */
#include "make.h"

#include "base/id.h"
#include "engine/log.h"

/* What the log did, in words: "0<a 1<a =" are an event on a to workers 0 and 1 and an answer. */
struct told {
    char text[256];
    struct request *answered;
};

static void send(void *context, unsigned worker, struct event *event)
{
    struct told *told = context;
    size_t n = strlen(told->text);
    snprintf(told->text + n, sizeof told->text - n, "%u<%.*s ", worker, event->name_length,
             event->bytes);
    event_unref(event);
}

static void answer(void *context, struct request *request)
{
    struct told *told = context;
    strcat(told->text, "=");
    told->answered = request;
}

static void open_log(struct log *log, struct told *told)
{
    static const struct tail_limits limits = {.history = 100,
                                              .history_bytes = 1 << 20,
                                              .ttl_ms = 60000,
                                              .memory = 1 << 20,
                                              .channels = 1000};
    *told = (struct told){0};
    assert_ok(
        log_open(log, &memory_engine, limits, 2, (struct log_owner){send, answer, told}, 1000));
}

static uint64_t publish(struct log *log, struct told *told, const char *channel, uint64_t now_ms)
{
    struct request_list batch;
    struct request *request = request_new(REQUEST_PUBLISH, 0, SPAN(""));
    request->line.entry = frame_new(span_from(channel), SPAN(""), SPAN("x"), false);
    request_list_init(&batch);
    request_list_add(&batch, request);
    told->text[0] = '\0';
    log_publish(log, &batch, now_ms);
    log_release(log, now_ms);
    assert_ptr_equal(told->answered, request);
    assert_ok(request->error);
    uint64_t id = request->line.id;
    request_free(request);
    return id;
}

static struct request *opening(unsigned worker, struct selection *selection)
{
    struct request *request = request_new(REQUEST_OPEN, worker, SPAN(""));
    request->selection = selection;
    return request;
}

static void open_for(struct log *log, struct told *told, unsigned worker, const char *name)
{
    struct request *request = opening(worker, SELECTION(name));
    assert_true(log_step(log, request, 1000));
    assert_ptr_equal(told->answered, request);
    assert_int_equal(request->piece->head, log->head);
    request_free(request);
}

static void unwatch(struct log *log, unsigned worker, struct span name, bool prefix)
{
    struct request *request = request_new(REQUEST_UNWATCH, worker, name);
    request->hash = hash_bytes(name.p, name.n);
    request->prefix = prefix;
    assert_true(log_step(log, request, 1000));
}

static void ids_rise_even_when_the_clock_steps_back(void **state)
{
    (void)state;
    struct log log;
    struct told told;
    open_log(&log, &told);
    assert_int_equal(log.head, id_make(1000, 0));
    assert_int_equal(publish(&log, &told, "a", 1000), id_make(1000, 1));
    assert_int_equal(publish(&log, &told, "b", 1005), id_make(1005, 0));
    assert_int_equal(publish(&log, &told, "a", 900), id_make(1005, 1));
    assert_int_equal(log.head, id_make(1005, 1));
    log_close(&log);
}

static void an_event_goes_to_those_who_watch_it_before_it_is_answered(void **state)
{
    (void)state;
    struct log log;
    struct told told;
    open_log(&log, &told);
    publish(&log, &told, "a", 1000);
    assert_string_equal(told.text, "=");
    open_for(&log, &told, 0, "a");
    open_for(&log, &told, 1, "b*");
    open_for(&log, &told, 0, "b:1");
    publish(&log, &told, "a", 1000);
    assert_string_equal(told.text, "0<a =");
    publish(&log, &told, "b:1", 1000);
    assert_string_equal(told.text, "0<b:1 1<b:1 =");
    publish(&log, &told, "c", 1000);
    assert_string_equal(told.text, "=");
    log_close(&log);
}

static void what_is_sent_to_a_client_goes_to_every_worker(void **state)
{
    (void)state;
    struct log log;
    struct told told;
    open_log(&log, &told);
    publish(&log, &told, "@me", 1000);
    assert_string_equal(told.text, "0<@me 1<@me =");
    log_close(&log);
}

static void nothing_is_sent_after_an_unwatch(void **state)
{
    (void)state;
    struct log log;
    struct told told;
    open_log(&log, &told);
    open_for(&log, &told, 0, "a*");
    open_for(&log, &told, 1, "a*");
    unwatch(&log, 0, SPAN("a"), true);
    publish(&log, &told, "a", 1000);
    assert_string_equal(told.text, "1<a =");
    unwatch(&log, 1, SPAN("a"), true);
    unwatch(&log, 1, SPAN("a"), true);
    publish(&log, &told, "a", 1000);
    assert_string_equal(told.text, "=");
    assert_null(log.prefixes.prefixes);
    log_close(&log);
}

static void an_opening_that_takes_steps_does_not_watch_again_after_its_unwatch(void **state)
{
    (void)state;
    static const enum start_kind kinds[] = {START_EARLIEST, START_NEWEST};
    for (int i = 0; i < 2; i++) {
        struct log log;
        struct told told;
        open_log(&log, &told);
        log.piece_limits.steps = 1;
        for (int n = 0; n < 3; n++)
            publish(&log, &told, "other", 1000);
        struct request *request = opening(0, SELECTION("a*"));
        request->start = (struct start){START_NONE, 0, kinds[i], 5};
        assert_false(log_step(&log, request, 1000));
        unwatch(&log, 0, SPAN("a"), true);
        while (!log_step(&log, request, 1000))
            ;
        assert_ptr_equal(told.answered, request);
        request_free(request);
        assert_null(log.prefixes.prefixes);
        log_close(&log);
    }
}

static void a_reading_answers_what_lies_after(void **state)
{
    (void)state;
    struct log log;
    struct told told;
    open_log(&log, &told);
    uint64_t first = publish(&log, &told, "a", 1000), second = publish(&log, &told, "a", 1000);
    struct request *request = request_new(REQUEST_READ, 1, SPAN(""));
    request->selection = SELECTION("a");
    request->after = first;
    assert_true(log_step(&log, request, 1000));
    assert_int_equal(request->piece->count, 1);
    assert_int_equal(request->piece->events[0]->id, second);
    assert_int_equal(request->piece->complete_to, second);
    request_free(request);
    log_close(&log);
}

static void idempotency_keys_have_their_share_of_new_limits(void **state)
{
    (void)state;
    struct log log;
    struct told told;
    open_log(&log, &told);
    struct tail_limits limits = log.tail.limits;
    size_t keys = log.keys.max;
    limits.memory *= 2;
    log_set_limits(&log, limits);
    assert_int_equal(log.keys.max, keys * 2);
    assert_int_equal(log.tail.limits.memory, limits.memory);
    log_close(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_rise_even_when_the_clock_steps_back),
        cmocka_unit_test(an_event_goes_to_those_who_watch_it_before_it_is_answered),
        cmocka_unit_test(what_is_sent_to_a_client_goes_to_every_worker),
        cmocka_unit_test(nothing_is_sent_after_an_unwatch),
        cmocka_unit_test(an_opening_that_takes_steps_does_not_watch_again_after_its_unwatch),
        cmocka_unit_test(a_reading_answers_what_lies_after),
        cmocka_unit_test(idempotency_keys_have_their_share_of_new_limits),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
