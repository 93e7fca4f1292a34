/* engine/order: all kept events by id, with holes. */
#include "make.h"

#include "engine/order.h"

enum { MANY = 5000 };

static void events_come_out_in_the_order_of_their_ids(void **state)
{
    (void)state;
    struct order order = {0};
    struct event *events[3];
    for (int i = 0; i < 3; i++)
        order_add(&order, events[i] = make_event("a", (uint64_t)(i + 1) * 10));
    struct order_place place = order_seek(&order, 10);
    assert_ptr_equal(order_forward(&order, &place), events[1]);
    assert_ptr_equal(order_forward(&order, &place), events[2]);
    assert_null(order_forward(&order, &place));
    assert_ptr_equal(order_backward(&order, &place), events[2]);
    place = order_seek(&order, 9);
    assert_null(order_backward(&order, &place));
    assert_ptr_equal(order_oldest(&order), events[0]);
    order_fini(&order);
    for (int i = 0; i < 3; i++)
        event_unref(events[i]);
}

static void an_empty_order_has_no_oldest(void **state)
{
    (void)state;
    struct order order = {0};
    struct event *event = make_event("a", 7);
    assert_null(order_oldest(&order));
    order_add(&order, event);
    order_remove(&order, event);
    assert_null(order_oldest(&order));
    struct order_place place = order_seek(&order, 0);
    assert_null(order_forward(&order, &place));
    assert_null(order_backward(&order, &place));
    order_fini(&order);
    event_unref(event);
}

/* The order against an array of the same events, NULL where one is removed. */
static void compare(const struct order *order, struct event **array, size_t from, size_t count,
                    uint64_t after)
{
    struct order_place forward = order_seek(order, after), backward = forward;
    size_t i = from;
    while (i < count && (!array[i] || array[i]->id <= after))
        i++;
    for (size_t n = 0, at = i; n < 20; n++, at++) {
        while (at < count && !array[at])
            at++;
        struct event *event = order_forward(order, &forward);
        assert_ptr_equal(event, at < count ? array[at] : NULL);
        if (!event)
            break;
    }
    for (size_t n = 0; n < 20; n++) {
        while (i > from && !array[i - 1])
            i--;
        struct event *event = order_backward(order, &backward);
        assert_ptr_equal(event, i > from ? array[i - 1] : NULL);
        if (!event)
            break;
        i--;
    }
}

static void removing_anywhere_leaves_the_others_in_order(void **state)
{
    (void)state;
    static struct event *array[MANY];
    struct order order = {0};
    uint64_t random = unit_seed();
    size_t count = 0, live = 0, from = 0;
    while (count < MANY || live) {
        bool add = count < MANY && unit_random_below(&random, 8) < 5;
        size_t i = from + unit_random_below(&random, count - from + 1);
        if (add) {
            array[count] = make_event("a", count * 3 + 1);
            order_add(&order, array[count++]);
            live++;
        } else if (i < count && array[i]) {
            order_remove(&order, array[i]);
            event_unref(array[i]);
            array[i] = NULL;
            live--;
        }
        while (from < count && !array[from])
            from++;
        assert_ptr_equal(order_oldest(&order), from < count ? array[from] : NULL);
        if (unit_random_below(&random, 4) == 0)
            compare(&order, array, from, count, unit_random_below(&random, count * 3 + 5));
    }
    order_fini(&order);
}

static void few_events_among_many_removed_take_little_room(void **state)
{
    (void)state;
    static struct event *array[MANY * 4];
    struct order order = {0};
    for (size_t i = 0; i < MANY * 4; i++)
        order_add(&order, array[i] = make_event("a", i + 1));
    size_t before = order.count;
    for (size_t i = 0; i < MANY * 4; i++)
        if (i % 100)
            order_remove(&order, array[i]);
    assert_true(order.count * 10 < before);
    struct order_place place = {0};
    for (size_t i = 0; i < MANY * 4; i += 100)
        assert_ptr_equal(order_forward(&order, &place), array[i]);
    order_fini(&order);
    for (size_t i = 0; i < MANY * 4; i++)
        event_unref(array[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_out_in_the_order_of_their_ids),
        cmocka_unit_test(an_empty_order_has_no_oldest),
        cmocka_unit_test(removing_anywhere_leaves_the_others_in_order),
        cmocka_unit_test(few_events_among_many_removed_take_little_room),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
