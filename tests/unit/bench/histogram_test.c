/* Durations in buckets, and the chart that is drawn of them. */
#include "unit.h"

#include "bench/chart.h"

enum { MANY = 20000 };

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t any_duration(uint64_t *seed)
{
    return unit_random_below(seed, (size_t)1 << (1 + unit_random_below(seed, 40)));
}

static void percentiles_are_right_to_a_thirtysecond(void **state)
{
    (void)state;
    static const double parts[] = {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1};
    static uint64_t all[MANY];
    uint64_t seed = unit_seed();
    struct histogram *histogram = calloc(1, sizeof *histogram);
    for (size_t i = 0; i < MANY; i++) {
        all[i] = any_duration(&seed);
        histogram_add(histogram, all[i]);
    }
    qsort(all, MANY, sizeof *all, compare);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        uint64_t exact = all[(size_t)(parts[i] * MANY + 0.5) - 1];
        uint64_t told = histogram_at(histogram, parts[i]);
        assert_in_range(told, exact, exact + exact / 32);
    }
    assert_int_equal(histogram_at(histogram, 1), all[MANY - 1]);
    assert_int_equal(histogram->max_ns, all[MANY - 1]);
    free(histogram);
}

static void merging_is_as_if_one_had_counted_all(void **state)
{
    (void)state;
    uint64_t seed = unit_seed();
    struct histogram *all = calloc(3, sizeof *all);
    for (size_t i = 0; i < 1000; i++) {
        uint64_t ns = any_duration(&seed);
        histogram_add(&all[0], ns);
        histogram_add(&all[1 + i % 2], ns);
    }
    histogram_merge(&all[1], &all[2]);
    assert_memory_equal(&all[0], &all[1], sizeof *all);
    free(all);
}

static void an_empty_one_says_nothing(void **state)
{
    (void)state;
    static struct histogram histogram;
    struct chart_row rows[CHART_ROWS_MAX];
    assert_int_equal(histogram_at(&histogram, 0.5), 0);
    assert_int_equal(chart_make(&histogram, rows), 0);
}

static void a_chart_counts_each_once_in_rows_that_rise(void **state)
{
    (void)state;
    uint64_t seed = unit_seed();
    for (size_t round = 0; round < 500; round++) {
        struct chart_row rows[CHART_ROWS_MAX];
        struct histogram *histogram = calloc(1, sizeof *histogram);
        uint64_t least = any_duration(&seed), wide = 1 + any_duration(&seed), count = 0;
        for (size_t i = 0; i < 100; i++)
            histogram_add(histogram, least + unit_random_below(&seed, wide));
        size_t n = chart_make(histogram, rows);
        assert_in_range(n, 1, CHART_ROWS_MAX);
        for (size_t i = 0; i < n; i++) {
            count += rows[i].count;
            assert_true(!i || rows[i].up_to_ns > rows[i - 1].up_to_ns);
        }
        assert_int_equal(count, 100);
        assert_true(rows[n - 1].up_to_ns >= histogram->max_ns);
        assert_true(n == 1 || rows[n - 2].up_to_ns < histogram->max_ns);
        free(histogram);
    }
}

static void a_chart_has_round_borders_and_enough_rows(void **state)
{
    (void)state;
    struct chart_row rows[CHART_ROWS_MAX];
    static struct histogram histogram;
    for (uint64_t ns = 110000; ns < 80000000; ns += 10000)
        histogram_add(&histogram, ns);
    size_t n = chart_make(&histogram, rows);
    assert_int_equal(n, 9); /* 200 µs, 500 µs, 1, 2, 5, 10, 20, 50, 100 ms */
    assert_int_equal(rows[0].up_to_ns, 200000);
    assert_int_equal(rows[8].up_to_ns, 100000000);
    assert_in_range(rows[4].count, 290, 310); /* 300 of them from 2 to 5 ms */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_right_to_a_thirtysecond),
        cmocka_unit_test(merging_is_as_if_one_had_counted_all),
        cmocka_unit_test(an_empty_one_says_nothing),
        cmocka_unit_test(a_chart_counts_each_once_in_rows_that_rise),
        cmocka_unit_test(a_chart_has_round_borders_and_enough_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
