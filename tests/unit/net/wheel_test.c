/* The timer wheel against a plain list of due times. */
#include "unit.h"

#include "net/wheel.h"

static void a_timeout_comes_late_by_less_than_two_ticks_and_never_early(void **state)
{
    (void)state;
    for (uint64_t ms = 0; ms < 100000; ms = ms * 2 + 13) {
        struct wheel wheel;
        struct timeout timeout = {0};
        uint64_t now = 1234567;
        wheel_init(&wheel, now);
        wheel_set(&wheel, &timeout, now + ms);
        while (!wheel_next(&wheel, now)) {
            uint64_t delay = wheel_delay(&wheel, now);
            assert_int_not_equal(delay, UINT64_MAX);
            now += delay ? delay : 1;
        }
        assert_in_range(now - 1234567, ms, ms + 2 * WHEEL_TICK_MS);
        assert_int_equal(wheel_delay(&wheel, now), UINT64_MAX);
    }
}

static void a_timeout_that_is_moved_later_does_not_come_at_its_old_time(void **state)
{
    (void)state;
    struct wheel wheel;
    struct timeout timeout = {0};
    wheel_init(&wheel, 0);
    wheel_set(&wheel, &timeout, 1000);
    wheel_set(&wheel, &timeout, 5000);
    assert_null(wheel_next(&wheel, 2000));
    assert_null(wheel_next(&wheel, 4999));
    assert_ptr_equal(wheel_next(&wheel, 5000 + 2 * WHEEL_TICK_MS), &timeout);
}

static void a_timeout_that_is_moved_earlier_comes_earlier(void **state)
{
    (void)state;
    struct wheel wheel;
    struct timeout timeout = {0};
    wheel_init(&wheel, 0);
    wheel_set(&wheel, &timeout, 500000);
    wheel_set(&wheel, &timeout, 300);
    assert_ptr_equal(wheel_next(&wheel, 300 + 2 * WHEEL_TICK_MS), &timeout);
}

static void a_timeout_that_is_cleared_never_comes(void **state)
{
    (void)state;
    struct wheel wheel;
    struct timeout timeout = {0};
    wheel_init(&wheel, 0);
    wheel_set(&wheel, &timeout, 300);
    wheel_clear(&wheel, &timeout);
    wheel_clear(&wheel, &timeout);
    assert_null(wheel_next(&wheel, 100000));
}

enum { MANY = 300 };

/* The delay to the next slot that holds something, looked for slot by slot. */
static uint64_t plain_delay(const struct wheel *wheel, uint64_t now)
{
    for (uint64_t tick = wheel->tick; tick < wheel->tick + WHEEL_SLOTS; tick++)
        if (!LIST_EMPTY(&wheel->slots[tick % WHEEL_SLOTS]))
            return tick * WHEEL_TICK_MS > now ? tick * WHEEL_TICK_MS - now : 0;
    return UINT64_MAX;
}

static void many_timeouts_come_as_a_plain_list_says(void **state)
{
    (void)state;
    uint64_t seed = unit_seed(), now = UINT32_MAX - 500000; /* passes what 32 bits hold */
    struct wheel wheel;
    struct timeout timeouts[MANY] = {0};
    uint64_t due[MANY] = {0}; /* 0: not set */
    wheel_init(&wheel, now);
    for (int step = 0; step < 20000; step++) {
        size_t i = unit_random_below(&seed, MANY);
        if (unit_random_below(&seed, 10) == 0) {
            wheel_clear(&wheel, &timeouts[i]);
            due[i] = 0;
        } else {
            due[i] = now + unit_random_below(&seed, 80000);
            wheel_set(&wheel, &timeouts[i], due[i]);
        }
        if (step == 10000) /* a time with few of them, and often none */
            for (size_t j = 0; j < MANY; j++) {
                wheel_clear(&wheel, &timeouts[j]);
                due[j] = 0;
            }
        now += unit_random_below(&seed, step < 10000 ? 200 : 30000);
        assert_int_equal(wheel_delay(&wheel, now), plain_delay(&wheel, now));
        struct timeout *timeout;
        while ((timeout = wheel_next(&wheel, now))) {
            assert_int_not_equal(due[timeout - timeouts], 0);
            assert_true(due[timeout - timeouts] <= now);
            due[timeout - timeouts] = 0;
        }
        for (size_t j = 0; j < MANY; j++)
            assert_true(due[j] == 0 || due[j] + 2 * WHEEL_TICK_MS > now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timeout_comes_late_by_less_than_two_ticks_and_never_early),
        cmocka_unit_test(a_timeout_that_is_moved_later_does_not_come_at_its_old_time),
        cmocka_unit_test(a_timeout_that_is_moved_earlier_comes_earlier),
        cmocka_unit_test(a_timeout_that_is_cleared_never_comes),
        cmocka_unit_test(many_timeouts_come_as_a_plain_list_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
