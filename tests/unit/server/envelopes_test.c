/* server/envelopes: each is made once a worker where there is no room to keep it with its event. */
#include "unit.h"

#include "base/hash.h"
#include "engine/envelope.h"
#include "engine/frame.h"
#include "server/envelopes.h"

static struct event *make(uint64_t id)
{
    struct event *event = frame_new(SPAN("a"), SPAN(""), SPAN("x"), false);
    assert_non_null(event);
    frame_stamp(event, id);
    return event;
}

static void one_that_fits_is_kept_with_its_event(void **state)
{
    (void)state;
    struct envelopes envelopes = {0};
    struct twins twins = {.max = 1 << 20};
    struct event *event = make(7), *got = envelopes_get(&envelopes, event, &twins);
    assert_ptr_equal(got, atomic_load(&event->twin));
    for (size_t i = 0; i < ENVELOPES_KEPT; i++)
        assert_null(envelopes.kept[i]);
    event_unref(got);
    event_unref(event);
    assert_int_equal(atomic_load(&twins.bytes), 0);
}

static void one_without_room_is_made_once_for_all_readers(void **state)
{
    (void)state;
    struct envelopes envelopes = {0};
    struct event *event = make(7), *other = make(8);
    struct twins twins = {.max = 1}; /* no room with the event, and for one beside it */
    struct event *first = envelopes_get(&envelopes, event, &twins);
    assert_non_null(first);
    assert_null(atomic_load(&event->twin));
    struct event *second = envelopes_get(&envelopes, event, &twins);
    assert_ptr_equal(first, second);
    assert_null(envelopes_get(&envelopes, other, &twins)); /* readers hold what takes the room */
    event_unref(first);
    event_unref(second);
    first = envelopes_get(&envelopes, other, &twins);
    assert_non_null(first);
    assert_int_equal(first->id, 8);
    event_unref(first);
    envelopes_fini(&envelopes);
    event_unref(event);
    event_unref(other);
    assert_int_equal(atomic_load(&twins.bytes), 0);
}

static void what_is_kept_only_here_gives_way_to_what_is_needed(void **state)
{
    (void)state;
    struct envelopes envelopes = {0};
    struct event *event = make(7), *other = make(8);
    struct twins twins = {.max = 1};
    event_unref(envelopes_get(&envelopes, event, &twins));
    assert_true(twins_are_full(&twins));
    struct event *got = envelopes_get(&envelopes, other, &twins);
    assert_non_null(got);
    assert_int_equal(atomic_load(&twins.bytes), event_size(got)); /* the one before is gone */
    event_unref(got);
    envelopes_fini(&envelopes);
    event_unref(event);
    event_unref(other);
    assert_int_equal(atomic_load(&twins.bytes), 0);
}

static int begin(void **state)
{
    (void)state;
    hash_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_fits_is_kept_with_its_event),
        cmocka_unit_test(one_without_room_is_made_once_for_all_readers),
        cmocka_unit_test(what_is_kept_only_here_gives_way_to_what_is_needed),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
