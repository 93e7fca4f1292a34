/* base/id: the clock, the text, the way back. */
#include "unit.h"

#include "base/id.h"

static void an_id_takes_the_clock_when_it_is_ahead(void **state)
{
    (void)state;
    assert_int_equal(id_next(0, 1795327500123), id_make(1795327500123, 0));
    assert_int_equal(id_next(id_make(10, 65535), 11), id_make(11, 0));
}

static void ids_of_one_millisecond_count_up(void **state)
{
    (void)state;
    assert_int_equal(id_next(id_make(10, 0), 10), id_make(10, 1));
    assert_int_equal(id_next(id_make(10, 7), 10), id_make(10, 8));
}

static void a_clock_that_steps_back_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(id_next(id_make(10, 3), 4), id_make(10, 4));
    assert_int_equal(id_next(id_make(10, 3), 0), id_make(10, 4));
}

static void a_full_millisecond_borrows_from_the_next(void **state)
{
    (void)state;
    assert_int_equal(id_next(id_make(10, 65535), 10), id_make(11, 0));
    assert_int_equal(id_next(id_make(11, 0), 10), id_make(11, 1));
}

static void ids_strictly_increase_whatever_the_clock_does(void **state)
{
    (void)state;
    uint64_t random = unit_seed(), last = 0;
    for (int i = 0; i < 100000; i++) {
        uint64_t id = id_next(last, unit_random_below(&random, 1000));
        assert_true(id > last);
        last = id;
    }
}

static void a_clock_beyond_48_bits_is_held_at_the_end(void **state)
{
    (void)state;
    assert_int_equal(id_next(0, UINT64_MAX), id_make(ID_MS_MAX, 0));
}

static const struct {
    uint64_t ms;
    unsigned counter;
    const char *text;
} texts[] = {
    {0, 0, "0-0"},
    {0, 1, "0-1"},
    {1795327500123, 0, "1795327500123-0"},
    {1795327500123, 10, "1795327500123-10"},
    {ID_MS_MAX, 65535, "281474976710655-65535"},
};

static void an_id_is_written_as_two_decimal_numbers_and_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint64_t id = id_make(texts[i].ms, texts[i].counter), read;
        assert_string_equal(id_text(id).text, texts[i].text);
        assert_ok(id_parse(span_from(texts[i].text), &read));
        assert_int_equal(read, id);
    }
}

static void every_id_comes_back_from_its_text(void **state)
{
    (void)state;
    uint64_t random = unit_seed();
    for (int i = 0; i < 10000; i++) {
        uint64_t id = id_make(unit_random_below(&random, ID_MS_MAX),
                              (unsigned)unit_random_below(&random, 65536));
        char out[ID_TEXT_MAX];
        uint64_t read;
        size_t n = id_format(id, out);
        assert_true(n <= ID_TEXT_MAX);
        assert_ok(id_parse((struct span){out, n}, &read));
        assert_int_equal(read, id);
    }
}

static void what_the_hub_would_not_write_is_no_id(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "-",
        "1",
        "1-",
        "-1",
        "1-1-1",
        "01-1",
        "1-01",
        "1-00",
        "00-1",
        "+1-1",
        "1-+1",
        "-1-1",
        " 1-1",
        "1-1 ",
        "1 -1",
        "1.0-1",
        "0x1-1",
        "1-a",
        "1-65536",
        "281474976710656-0",
        "1-99999999999999999999",
        "99999999999999999999-1",
        "1_1",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        uint64_t id = 42;
        assert_error(id_parse(span_from(refused[i]), &id), ERROR_ID_SYNTAX);
        assert_int_equal(id, 42);
    }
    uint64_t id;
    assert_error(id_parse(SPAN("1-1\0"), &id), ERROR_ID_SYNTAX);
    assert_error(id_parse((struct span){NULL, 0}, &id), ERROR_ID_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_takes_the_clock_when_it_is_ahead),
        cmocka_unit_test(ids_of_one_millisecond_count_up),
        cmocka_unit_test(a_clock_that_steps_back_changes_nothing),
        cmocka_unit_test(a_full_millisecond_borrows_from_the_next),
        cmocka_unit_test(ids_strictly_increase_whatever_the_clock_does),
        cmocka_unit_test(a_clock_beyond_48_bits_is_held_at_the_end),
        cmocka_unit_test(an_id_is_written_as_two_decimal_numbers_and_read_back),
        cmocka_unit_test(every_id_comes_back_from_its_text),
        cmocka_unit_test(what_the_hub_would_not_write_is_no_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
