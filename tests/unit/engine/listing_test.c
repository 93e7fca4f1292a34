/* engine/listing: pages of channels, by name. */
#include "make.h"

#include "engine/log.h"

static void ignore_event(void *context, unsigned worker, struct event *event)
{
    (void)context, (void)worker;
    event_unref(event);
}

static void ignore_answer(void *context, struct request *request)
{
    (void)context, (void)request;
}

static void open_log(struct log *log)
{
    static const struct tail_limits limits = {.history = 100,
                                              .history_bytes = 1 << 20,
                                              .ttl_ms = 60000,
                                              .memory = 1 << 20,
                                              .channels = 10000};
    assert_ok(log_open(log, &memory_engine, limits, 2,
                       (struct log_owner){ignore_event, ignore_answer, NULL}, 1000));
}

static void publish(struct log *log, const char *channel)
{
    struct request_list batch;
    struct request *request = request_new(REQUEST_PUBLISH, 0, SPAN(""));
    request->line.entry = frame_new(span_from(channel), SPAN(""), SPAN("x"), false);
    request_list_init(&batch);
    request_list_add(&batch, request);
    log_publish(log, &batch, 1000);
    log_release(log, 1000);
    assert_ok(request->error);
    request_free(request);
}

static void watch(struct log *log, const char *name)
{
    struct request *request = request_new(REQUEST_OPEN, 1, SPAN(""));
    request->selection = SELECTION(name);
    assert_true(log_step(log, request, 1000));
    request_free(request);
}

static struct request *ask(uint32_t max, const char *prefix, const char *after, bool exact)
{
    struct request *request = request_new(REQUEST_LIST, 0, SPAN(""));
    request->listing = listing_new(max, span_from(prefix), span_from(after));
    assert_non_null(request->listing);
    request->listing->exact = exact;
    return request;
}

/* The names on the page, each followed by a comma. */
static const char *page(struct log *log, uint32_t max, const char *prefix, const char *after)
{
    static char text[512];
    struct request *request = ask(max, prefix, after, false);
    text[0] = '\0';
    assert_true(log_step(log, request, 1000));
    for (uint32_t i = 0; i < request->listing->count; i++) {
        const struct listing_row *row = &request->listing->rows[i];
        strncat(text, row->name, row->length);
        strcat(text, ",");
    }
    request_free(request);
    return text;
}

static void fill(struct log *log)
{
    open_log(log);
    publish(log, "b");
    publish(log, "a:2");
    publish(log, "@me");
    publish(log, "a");
    publish(log, "a:1");
    publish(log, "?");
    watch(log, "a:3");
    watch(log, "z*");
}

static void pages_go_by_name_without_clients(void **state)
{
    (void)state;
    struct log log;
    fill(&log);
    assert_string_equal(page(&log, 10, "", ""), "?,a,a:1,a:2,a:3,b,");
    assert_string_equal(page(&log, 3, "", ""), "?,a,a:1,");
    assert_string_equal(page(&log, 3, "", "a:1"), "a:2,a:3,b,");
    assert_string_equal(page(&log, 3, "", "a:11"), "a:2,a:3,b,");
    assert_string_equal(page(&log, 3, "", "b"), "");
    assert_string_equal(page(&log, 3, "@", ""), "");
    log_close(&log);
}

static void a_prefix_bounds_them_on_both_sides(void **state)
{
    (void)state;
    struct log log;
    fill(&log);
    assert_string_equal(page(&log, 10, "a:", ""), "a:1,a:2,a:3,");
    assert_string_equal(page(&log, 10, "a:", "a:1"), "a:2,a:3,");
    assert_string_equal(page(&log, 10, "a", "a"), "a:1,a:2,a:3,");
    assert_string_equal(page(&log, 10, "a:", "a:3"), "");
    assert_string_equal(page(&log, 10, "z", ""), "");
    log_close(&log);
}

static void the_last_channel_of_all_ends_the_page(void **state)
{
    (void)state;
    struct log log;
    fill(&log);
    assert_string_equal(page(&log, 10, "b", ""), "b,");
    assert_string_equal(page(&log, 10, "b", "b"), "");
    assert_string_equal(page(&log, 10, "a", "zz"), "");
    log_close(&log);
}

static void a_row_says_what_history_there_is(void **state)
{
    (void)state;
    struct log log;
    fill(&log);
    publish(&log, "a");
    struct request *request = ask(1, "", "a", true);
    assert_true(log_step(&log, request, 1000));
    const struct listing_row *row = &request->listing->rows[0];
    assert_int_equal(request->listing->count, 1);
    assert_int_equal(row->events, 2);
    assert_int_equal(row->last_id, log.head);
    assert_true(row->first_id < row->last_id);
    request_free(request);
    const char *const without[] = {"a:3", "nobody"};
    for (int i = 0; i < 2; i++) {
        request = ask(1, "", without[i], true);
        assert_true(log_step(&log, request, 1000));
        row = &request->listing->rows[0];
        assert_spans(((struct span){row->name, row->length}), span_from(without[i]));
        assert_int_equal(row->events + row->first_id + row->last_id, 0);
        request_free(request);
    }
    log_close(&log);
}

static void many_channels_that_are_not_listed_take_several_steps(void **state)
{
    (void)state;
    struct log log;
    open_log(&log);
    log.tail.limits.history = 0; /* so that they are known and hold nothing */
    for (int i = 0; i < 2500; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%04d", i);
        publish(&log, name);
    }
    watch(&log, "z");
    struct request *request = ask(5, "", "", false);
    assert_false(log_step(&log, request, 1000));
    assert_false(log_step(&log, request, 1000));
    assert_true(log_step(&log, request, 1000));
    assert_int_equal(request->listing->count, 1);
    request_free(request);
    log_close(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_go_by_name_without_clients),
        cmocka_unit_test(a_prefix_bounds_them_on_both_sides),
        cmocka_unit_test(the_last_channel_of_all_ends_the_page),
        cmocka_unit_test(a_row_says_what_history_there_is),
        cmocka_unit_test(many_channels_that_are_not_listed_take_several_steps),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
