/* The ring against a plain array. */
#include "unit.h"

#include "base/hash.h"
#include "hub/ring.h"

static struct event *make(uint64_t id)
{
    struct event *event = event_new(SPAN("a"), 1, false);
    assert_non_null(event);
    event->id = id;
    return event;
}

static void a_ring_is_a_queue_in_which_ids_are_found(void **state)
{
    (void)state;
    enum { MANY = 400 };
    uint64_t seed = unit_seed(), ids[MANY], id = 0;
    size_t oldest = 0, count = 0;
    struct ring ring = {0};
    while (count < MANY) {
        if (count - oldest && unit_random_below(&seed, 3) == 0) {
            struct event *event = ring_pop(&ring);
            assert_int_equal(event->id, ids[oldest++]);
            event_unref(event);
        } else {
            struct event *event = make(id += 2);
            assert_true(ring_push(&ring, event));
            event_unref(event);
            ids[count++] = id;
        }
        assert_int_equal(ring.count, count - oldest);
        uint64_t after = unit_random_below(&seed, id + 3);
        uint32_t place = ring_after(&ring, after);
        for (uint32_t i = 0; i < ring.count; i++) {
            assert_int_equal(ring_at(&ring, i)->id, ids[oldest + i]);
            assert_int_equal(i < place, ids[oldest + i] <= after);
        }
    }
    ring_fini(&ring);
    assert_null(ring_newest(&ring));
}

static void an_empty_ring_holds_no_memory(void **state)
{
    (void)state;
    struct ring ring = {0};
    struct event *event = make(1);
    assert_true(ring_push(&ring, event));
    assert_ptr_equal(ring_newest(&ring), event);
    assert_ptr_equal(ring_pop(&ring), event);
    assert_null(ring.events);
    assert_int_equal(ring_after(&ring, 0), 0);
    event_unref(event);
    event_unref(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_is_a_queue_in_which_ids_are_found),
        cmocka_unit_test(an_empty_ring_holds_no_memory),
    };
    hash_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
