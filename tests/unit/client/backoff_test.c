/* client/backoff: the bound doubles up to a maximum, and waits fill it. */
#include "unit.h"

#include "client/backoff.h"

static void the_bound_doubles_up_to_the_maximum(void **state)
{
    (void)state;
    static const uint64_t bounds[] = {0, 100, 200, 400, 800, 1000, 1000};
    for (unsigned i = 0; i < sizeof bounds / sizeof *bounds; i++)
        assert_int_equal(backoff_bound(100, i, 1000), bounds[i]);
    assert_int_equal(backoff_bound(5000, 1, 1000), 1000);
    assert_int_equal(backoff_bound(0, 1000, 1000), 0);
    assert_int_equal(backoff_bound(1, UINT32_MAX, UINT64_MAX), UINT64_MAX);
}

static void waits_are_spread_from_nothing_to_the_bound(void **state)
{
    (void)state;
    unsigned seen[11] = {0};
    for (int i = 0; i < 10000; i++) {
        uint64_t wait = backoff_wait(5, 2, 1000);
        assert_in_range(wait, 0, 10);
        seen[wait]++;
    }
    for (int i = 0; i <= 10; i++)
        assert_in_range(seen[i], 500, 1400); /* of 909 */
    assert_int_equal(backoff_wait(5, 0, 1000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bound_doubles_up_to_the_maximum),
        cmocka_unit_test(waits_are_spread_from_nothing_to_the_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
