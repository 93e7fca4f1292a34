/* engine/publish: keys, batches and refusals on their way through a store that takes its time. */
#include "make.h"

#include "engine/log.h"

enum { TEN_MINUTES = 600000 };

/* Holds what it gets until the test says what becomes of it. */
static struct request_list held;

static enum error hold_open(struct log *log, uint64_t now_ms, uint64_t *head)
{
    request_list_init(&held);
    return memory_engine.open(log, now_ms, head);
}

static void hold(struct log *log, struct request_list *batch, uint64_t now_ms)
{
    struct request *request;
    while ((request = request_list_take(batch))) {
        log_stamp(log, request, now_ms);
        request_list_add(&held, request);
    }
}

static void hold_close(struct log *log)
{
    (void)log;
}

static const struct engine_ops holding = {
    .name = "holding", .open = hold_open, .append = hold, .close = hold_close};

struct told {
    struct request *answers[8];
    size_t count, events;
};

static void send(void *context, unsigned worker, struct event *event)
{
    struct told *told = context;
    (void)worker;
    told->events++;
    event_unref(event);
}

static void answer(void *context, struct request *request)
{
    struct told *told = context;
    told->answers[told->count++] = request;
}

static void open_log(struct log *log, struct told *told, uint64_t channels)
{
    struct tail_limits limits = {.history = 100,
                                 .history_bytes = 1 << 20,
                                 .ttl_ms = 60000,
                                 .memory = 1 << 20,
                                 .channels = channels};
    *told = (struct told){0};
    assert_ok(log_open(log, &holding, limits, 1, (struct log_owner){send, answer, told}, 1000));
}

/* lines: "channel/key/data", the key may be empty; ended by NULL. */
static struct request *make_publish(const char *const *lines)
{
    struct request *request = request_new(REQUEST_PUBLISH, 0, SPAN(""));
    request->lines = calloc(8, sizeof *request->lines);
    request->line_count = 0;
    for (; *lines; lines++) {
        struct span rest = span_from(*lines), channel = span_cut(&rest, '/'),
                    key = span_cut(&rest, '/');
        struct line *line = &request->lines[request->line_count++];
        line->entry = frame_new(channel, SPAN(""), rest, false);
        line->keyed = key.n;
        line->key = key_name(channel, key);
        line->body = key_body(SPAN(""), rest, false);
    }
    return request;
}

static void publish(struct log *log, struct request *request)
{
    struct request_list batch;
    request_list_init(&batch);
    if (request)
        request_list_add(&batch, request);
    log_publish(log, &batch, 1000);
}

static struct request *publish_lines(struct log *log, const char *const *lines)
{
    struct request *request = make_publish(lines);
    publish(log, request);
    return request;
}

#define PUBLISH(log, ...) publish_lines((log), (const char *const[]){__VA_ARGS__, NULL})

/* The store keeps all that it holds, and it comes out. */
static void keep_all(struct log *log)
{
    struct request *request;
    while ((request = request_list_take(&held)))
        log_accept(log, request);
    while (log->accepted.first)
        log_release(log, 1000);
}

static struct request *answered(struct told *told, size_t i)
{
    assert_true(i < told->count);
    return told->answers[i];
}

static void free_all(struct log *log, struct told *told)
{
    for (size_t i = 0; i < told->count; i++)
        request_free(told->answers[i]);
    assert_null(held.first);
    log_close(log);
}

static void a_batch_gets_ids_in_a_row_and_one_answer_at_its_end(void **state)
{
    (void)state;
    struct log log;
    struct told told;
    open_log(&log, &told, 100);
    log.release_entries = 1;
    struct request *request = PUBLISH(&log, "a//1", "b//2", "a//3");
    uint64_t birth = log.head;
    log_accept(&log, request_list_take(&held));
    log_release(&log, 1000);
    assert_int_equal(log.head, birth + 1);
    log_release(&log, 1000);
    assert_int_equal(log.head, birth + 2);
    assert_int_equal(told.count, 0);
    log_release(&log, 1000);
    assert_ptr_equal(answered(&told, 0), request);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(request->lines[i].id, birth + 1 + i);
    assert_false(log_has_work(&log));
    free_all(&log, &told);
}

static void a_repeat_gets_the_first_id_and_another_body_is_refused_whole(void **state)
{
    (void)state;
    struct log log;
    struct told told;
    open_log(&log, &told, 100);
    PUBLISH(&log, "a/k/1");
    keep_all(&log);
    uint64_t first = log.head;
    PUBLISH(&log, "b//0", "a/k/1");
    keep_all(&log);
    PUBLISH(&log, "b//0", "a/k/2");
    PUBLISH(&log, "a/l/1", "b/k/1"); /* another key, another channel */
    keep_all(&log);
    const struct request *again = answered(&told, 1), *other = answered(&told, 2);
    assert_ok(again->error);
    assert_true(again->lines[1].repeated && !again->lines[0].repeated);
    assert_int_equal(again->lines[1].id, first);
    assert_error(other->error, ERROR_KEY_REUSED);
    assert_ok(answered(&told, 3)->error);
    assert_int_equal(log.head, first + 3);
    free_all(&log, &told);
}

static void after_ten_minutes_a_key_is_new_however_many_are_old(void **state)
{
    (void)state;
    struct log log;
    struct told told;
    open_log(&log, &told, 100);
    for (int i = 0; i < 200; i++) {
        char line[16];
        snprintf(line, sizeof line, "a/%d/1", i);
        PUBLISH(&log, line);
        keep_all(&log);
        request_free(told.answers[--told.count]);
    }
    log.now_ms = TEN_MINUTES - 1;
    PUBLISH(&log, "a/199/1");
    log.now_ms = TEN_MINUTES;
    PUBLISH(&log, "a/198/2");
    keep_all(&log);
    assert_true(answered(&told, 0)->lines[0].repeated);
    assert_ok(answered(&told, 1)->error);
    assert_false(answered(&told, 1)->lines[0].repeated);
    free_all(&log, &told);
}

static void a_line_repeats_another_of_its_own_request_however_long_that_takes(void **state)
{
    (void)state;
    struct log log;
    struct told told;
    open_log(&log, &told, 100);
    log.release_entries = 1;
    struct request *request = PUBLISH(&log, "a/k/1", "a//2", "a/k/1");
    log_accept(&log, request_list_take(&held));
    log_release(&log, 1000);
    log.now_ms += 2 * TEN_MINUTES;
    publish(&log, NULL); /* the old keys go */
    log_release(&log, 1000);
    log_release(&log, 1000);
    assert_ptr_equal(answered(&told, 0), request);
    assert_true(request->lines[2].repeated);
    assert_int_equal(request->lines[2].id, request->lines[0].id);
    free_all(&log, &told);
}

static void a_second_waits_for_the_first_and_takes_over_if_that_is_refused(void **state)
{
    (void)state;
    struct log log;
    struct told told;
    open_log(&log, &told, 100);
    uint64_t birth = log.head;
    struct request *first = PUBLISH(&log, "a/k/1"), *second = PUBLISH(&log, "a/k/1", "b//2"),
                   *third = PUBLISH(&log, "a/k/3");
    assert_ptr_equal(request_list_take(&held), first);
    assert_null(held.first);
    log_refuse(&log, first, ERROR_NO_MEMORY, 1000);
    assert_ptr_equal(answered(&told, 0), first);
    assert_error(first->error, ERROR_NO_MEMORY);
    assert_true(log_has_work(&log));
    publish(&log, NULL);
    keep_all(&log);
    assert_ptr_equal(answered(&told, 1), second);
    assert_false(second->lines[0].repeated);
    assert_true(log.head > birth);
    publish(&log, NULL);
    assert_ptr_equal(answered(&told, 2), third);
    assert_error(third->error, ERROR_KEY_REUSED);
    free_all(&log, &told);
}

static void one_that_waits_leaves_none_of_its_keys_behind(void **state)
{
    (void)state;
    struct log log;
    struct told told;
    open_log(&log, &told, 100);
    PUBLISH(&log, "a/k/1");
    PUBLISH(&log, "a/l/1", "a/k/1");
    PUBLISH(&log, "a/l/2"); /* is first with that key */
    keep_all(&log);
    publish(&log, NULL);
    assert_ok(answered(&told, 1)->error);
    assert_string_equal(error_name(answered(&told, 2)->error), "KEY_REUSED");
    free_all(&log, &told);
}

static void a_refused_request_gives_up_its_keys_and_channels(void **state)
{
    (void)state;
    struct log log;
    struct told told;
    open_log(&log, &told, 2);
    PUBLISH(&log, "a/k/1", "b/k/1", "c/k/1");
    assert_error(answered(&told, 0)->error, ERROR_CHANNELS_FULL);
    assert_int_equal(HASH_COUNT(log.keys.table), 0);
    PUBLISH(&log, "c/k/1", "d/k/1"); /* a and b have given way */
    keep_all(&log);
    assert_ok(answered(&told, 1)->error);
    log.keys.max = 3;
    PUBLISH(&log, "c/l/1", "c/m/1");
    assert_error(answered(&told, 2)->error, ERROR_KEYS_MANY);
    assert_int_equal(HASH_COUNT(log.keys.table), 2);
    free_all(&log, &told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_gets_ids_in_a_row_and_one_answer_at_its_end),
        cmocka_unit_test(a_repeat_gets_the_first_id_and_another_body_is_refused_whole),
        cmocka_unit_test(after_ten_minutes_a_key_is_new_however_many_are_old),
        cmocka_unit_test(a_line_repeats_another_of_its_own_request_however_long_that_takes),
        cmocka_unit_test(a_second_waits_for_the_first_and_takes_over_if_that_is_refused),
        cmocka_unit_test(one_that_waits_leaves_none_of_its_keys_behind),
        cmocka_unit_test(a_refused_request_gives_up_its_keys_and_channels),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
