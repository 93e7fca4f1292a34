/* base/units: durations, sizes, numbers. */
#include "unit.h"

#include "base/units.h"

static const struct {
    const char *text;
    uint64_t value;
} durations[] =
    {
        {"0s", 0},
        {"0ms", 0},
        {"500ms", 500},
        {"30s", 30000},
        {"030s", 30000},
        {"5m", 300000},
        {"1h", 3600000},
        {"1d", 86400000},
        {"10000d", 864000000000},
        {"864000000000ms", 864000000000},
},
  sizes[] = {
      {"0", 0},           {"4096", 4096},
      {"64K", 65536},     {"16M", 16777216},
      {"1G", 1073741824}, {"1048576G", UINT64_C(1) << 50},
      {"0K", 0},          {"1125899906842624", UINT64_C(1) << 50},
};

static void durations_are_read_in_milliseconds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        uint64_t ms = 42;
        assert_ok(duration_parse(span_from(durations[i].text), &ms));
        assert_int_equal(ms, durations[i].value);
    }
}

static void a_duration_needs_a_number_and_a_known_unit(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "s",
        "30",
        "0",
        "-1s",
        "+1s",
        " 1s",
        "1s ",
        "1 s",
        "1S",
        "1M",
        "1ms1",
        "1.5s",
        "1e3s",
        "1w",
        "1min",
        "10001d",
        "1h30m",
        "1sm",
        "0x1s",
        "999999999999999999999999s",
        "18446744073709551616ms",
        "864000000001ms",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        uint64_t ms;
        assert_error(duration_parse(span_from(refused[i]), &ms), ERROR_DURATION_SYNTAX);
    }
}

static void sizes_are_read_by_1024(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t bytes = 42;
        assert_ok(size_parse(span_from(sizes[i].text), &bytes));
        assert_int_equal(bytes, sizes[i].value);
    }
}

static void a_size_needs_a_number_and_at_most_a_known_unit(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "K",
        "-1",
        "1k",
        "1KB",
        "1T",
        "1 K",
        "1.5M",
        "K1",
        "1048577G",
        "1125899906842625",
        "99999999999999999999999999",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        uint64_t bytes;
        assert_error(size_parse(span_from(refused[i]), &bytes), ERROR_SIZE_SYNTAX);
    }
}

static void a_number_reaches_its_maximum_and_no_further(void **state)
{
    (void)state;
    uint64_t value;
    assert_true(number_parse(SPAN("0"), 0, &value));
    assert_int_equal(value, 0);
    assert_false(number_parse(SPAN("1"), 0, &value));
    assert_true(number_parse(SPAN("255"), 255, &value));
    assert_int_equal(value, 255);
    assert_false(number_parse(SPAN("256"), 255, &value));
    assert_false(number_parse(SPAN("9"), 5, &value));
    assert_true(number_parse(SPAN("18446744073709551615"), UINT64_MAX, &value));
    assert_int_equal(value, UINT64_MAX);
    assert_false(number_parse(SPAN("18446744073709551616"), UINT64_MAX, &value));
    assert_false(number_parse(SPAN("184467440737095516150"), UINT64_MAX, &value));
}

static void a_number_is_nothing_but_digits(void **state)
{
    (void)state;
    uint64_t value;
    assert_false(number_parse(SPAN(""), 100, &value));
    assert_false(number_parse(SPAN("-1"), 100, &value));
    assert_false(number_parse(SPAN("1a"), 100, &value));
    assert_false(number_parse(SPAN("1\0"), 100, &value));
    assert_false(number_parse((struct span){NULL, 0}, 100, &value));
}

static void a_number_for_people_is_in_groups_of_three(void **state)
{
    (void)state;
    assert_string_equal(grouped(0).text, "0");
    assert_string_equal(grouped(999).text, "999");
    assert_string_equal(grouped(1000).text, "1,000");
    assert_string_equal(grouped(1234567).text, "1,234,567");
    assert_string_equal(grouped(UINT64_MAX).text, "18,446,744,073,709,551,615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read_in_milliseconds),
        cmocka_unit_test(a_duration_needs_a_number_and_a_known_unit),
        cmocka_unit_test(sizes_are_read_by_1024),
        cmocka_unit_test(a_size_needs_a_number_and_at_most_a_known_unit),
        cmocka_unit_test(a_number_reaches_its_maximum_and_no_further),
        cmocka_unit_test(a_number_is_nothing_but_digits),
        cmocka_unit_test(a_number_for_people_is_in_groups_of_three),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
