/* base/buf: growing up to the maximum, all or nothing. */
#include "unit.h"

#include "base/buf.h"

static void an_empty_buffer_holds_no_memory(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    assert_null(buf.data);
    assert_int_equal(buf.len, 0);
    assert_ok(buf_append(&buf, NULL, 0));
    assert_null(buf.data);
    assert_non_null(buf_span(&buf).p); /* it may be walked all the same */
    buf_fini(&buf);
}

static void appended_bytes_stand_in_order(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    assert_ok(buf_append(&buf, "one\0", 4));
    assert_ok(buf_append(&buf, NULL, 0));
    assert_ok(buf_append(&buf, "two", 3));
    assert_span(buf_span(&buf), "one\0two");
    buf_fini(&buf);
}

static void growing_keeps_the_bytes(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100000);
    for (size_t i = 0; i < 100000; i++) {
        char byte = (char)(i * 7);
        assert_ok(buf_append(&buf, &byte, 1));
        assert_true(buf.len <= buf.cap && buf.cap <= buf.max);
    }
    for (size_t i = 0; i < 100000; i++)
        assert_int_equal(buf.data[i], (char)(i * 7));
    buf_fini(&buf);
}

static void a_buffer_is_filled_to_its_last_byte_and_no_further(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    assert_ok(buf_append(&buf, "abcde", 5));
    assert_error(buf_append(&buf, "f", 1), ERROR_TOO_LARGE);
    assert_ok(buf_append(&buf, "", 0));
    assert_span(buf_span(&buf), "abcde");
    buf_fini(&buf);
}

static void what_does_not_fit_whole_changes_nothing(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    assert_ok(buf_append(&buf, "abc", 3));
    assert_error(buf_append(&buf, "def", 3), ERROR_TOO_LARGE);
    assert_error(buf_printf(&buf, "%d", 123), ERROR_TOO_LARGE);
    assert_error(buf_reserve(&buf, SIZE_MAX), ERROR_TOO_LARGE);
    assert_span(buf_span(&buf), "abc");
    buf_fini(&buf);
}

static void reserved_room_is_there_to_be_written(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    assert_ok(buf_reserve(&buf, 600));
    assert_true(buf.cap >= 600);
    assert_int_equal(buf.len, 0);
    memset(buf.data, 'x', 600);
    buf.len = 600;
    assert_ok(buf_reserve(&buf, 400));
    assert_error(buf_reserve(&buf, 401), ERROR_TOO_LARGE);
    buf_fini(&buf);
}

static void printing_appends_without_a_nul(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    assert_ok(buf_append(&buf, "n=", 2));
    assert_ok(buf_printf(&buf, "%d, %s", 7, "seven"));
    assert_ok(buf_printf(&buf, "%s", ""));
    assert_span(buf_span(&buf), "n=7, seven");
    buf_fini(&buf);
}

static void what_is_printed_may_be_of_any_length(void **state)
{
    (void)state;
    for (int width = 1; width < 1200; width++) {
        struct buf buf;
        buf_init(&buf, (size_t)width + 3);
        assert_ok(buf_append(&buf, "<", 1));
        assert_ok(buf_printf(&buf, "%*d>", width, 7));
        assert_int_equal(buf.len, width + 2);
        assert_memory_equal(buf.data + width, "7>", 2);
        for (int i = 1; i < width; i++)
            assert_int_equal(buf.data[i], ' ');
        assert_error(buf_printf(&buf, "%d", 1), ERROR_TOO_LARGE);
        buf_fini(&buf);
    }
}

static void consuming_moves_the_rest_to_the_front(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    assert_ok(buf_append(&buf, "abcdef", 6));
    buf_consume(&buf, 0);
    buf_consume(&buf, 4);
    assert_span(buf_span(&buf), "ef");
    assert_ok(buf_append(&buf, "ghijklmn", 8));
    assert_span(buf_span(&buf), "efghijklmn");
    buf_consume(&buf, 10);
    assert_int_equal(buf.len, 0);
    buf_fini(&buf);
}

static void a_finished_buffer_may_be_used_on(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 3);
    assert_ok(buf_append(&buf, "abc", 3));
    buf_fini(&buf);
    assert_null(buf.data);
    assert_ok(buf_append(&buf, "xyz", 3));
    assert_error(buf_append(&buf, "x", 1), ERROR_TOO_LARGE);
    assert_span(buf_span(&buf), "xyz");
    buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_holds_no_memory),
        cmocka_unit_test(appended_bytes_stand_in_order),
        cmocka_unit_test(growing_keeps_the_bytes),
        cmocka_unit_test(a_buffer_is_filled_to_its_last_byte_and_no_further),
        cmocka_unit_test(what_does_not_fit_whole_changes_nothing),
        cmocka_unit_test(reserved_room_is_there_to_be_written),
        cmocka_unit_test(printing_appends_without_a_nul),
        cmocka_unit_test(what_is_printed_may_be_of_any_length),
        cmocka_unit_test(consuming_moves_the_rest_to_the_front),
        cmocka_unit_test(a_finished_buffer_may_be_used_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
