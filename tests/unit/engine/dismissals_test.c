/* engine/dismissals: who is kept away, and until when. */
#include "make.h"

#include "engine/dismissals.h"

static void a_client_is_kept_away_until_its_time_is_over(void **state)
{
    (void)state;
    struct dismissals dismissals = {0};
    assert_false(dismissals_holds(&dismissals, SPAN("@a"), 0));
    assert_true(dismissals_add(&dismissals, SPAN("@a"), 100, 0));
    assert_true(dismissals_holds(&dismissals, SPAN("@a"), 99));
    assert_false(dismissals_holds(&dismissals, SPAN("@a"), 100));
    assert_false(dismissals_holds(&dismissals, SPAN("@aa"), 0));
    assert_false(dismissals_holds(&dismissals, SPAN("@"), 0));
    dismissals_fini(&dismissals);
}

static void the_latest_word_counts(void **state)
{
    (void)state;
    struct dismissals dismissals = {0};
    assert_true(dismissals_add(&dismissals, SPAN("@a"), 100, 0));
    assert_true(dismissals_add(&dismissals, SPAN("@a"), 50, 10));
    assert_false(dismissals_holds(&dismissals, SPAN("@a"), 50));
    assert_true(dismissals_add(&dismissals, SPAN("@a"), 200, 60));
    assert_true(dismissals_holds(&dismissals, SPAN("@a"), 199));
    assert_int_equal(HASH_COUNT(dismissals.table), 1);
    dismissals_fini(&dismissals);
}

static void those_whose_time_is_over_make_room(void **state)
{
    (void)state;
    struct dismissals dismissals = {0};
    assert_true(dismissals_add(&dismissals, SPAN("@a"), 100, 0));
    assert_true(dismissals_add(&dismissals, SPAN("@b"), 100, 0));
    assert_true(dismissals_add(&dismissals, SPAN("@c"), 300, 100));
    assert_int_equal(HASH_COUNT(dismissals.table), 1);
    dismissals_fini(&dismissals);
}

static void the_oldest_gives_way_where_there_are_too_many(void **state)
{
    (void)state;
    struct dismissals dismissals = {0};
    for (int i = 0; i <= DISMISSALS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "@%d", i);
        assert_true(dismissals_add(&dismissals, span_from(name), 1000, 0));
    }
    assert_int_equal(HASH_COUNT(dismissals.table), DISMISSALS_MAX);
    assert_false(dismissals_holds(&dismissals, SPAN("@0"), 0));
    assert_true(dismissals_holds(&dismissals, SPAN("@1"), 0));
    assert_true(dismissals_holds(&dismissals, SPAN("@100000"), 0));
    dismissals_fini(&dismissals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_kept_away_until_its_time_is_over),
        cmocka_unit_test(the_latest_word_counts),
        cmocka_unit_test(those_whose_time_is_over_make_room),
        cmocka_unit_test(the_oldest_gives_way_where_there_are_too_many),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
