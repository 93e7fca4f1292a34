/* hub/selection: what one subscriber asked for. */
#include "engine/make.h"

static bool holds(const struct selection *selection, const char *channel)
{
    struct event *event = make_event(channel, 1);
    bool held = selection_holds(selection, event);
    event_unref(event);
    return held;
}

static void the_names_are_kept_without_their_stars(void **state)
{
    (void)state;
    struct selection *selection = SELECTION("a", "b:*", "*");
    assert_int_equal(selection->count, 4);
    assert_span(selection_name(selection, 0), "a");
    assert_span(selection_name(selection, 1), "b:");
    assert_span(selection_name(selection, 2), "");
    assert_span(selection_name(selection, 3), "@me");
    assert_span(selection_client_id(selection), "me");
    assert_false(selection->names[0].prefix);
    assert_true(selection->names[1].prefix && selection->names[2].prefix && selection->prefixes);
    assert_false(selection->names[3].prefix);
    selection_unref(selection);
    selection = SELECTION("a");
    assert_false(selection->prefixes);
    selection_unref(selection);
}

static void it_holds_its_channels_and_no_others(void **state)
{
    (void)state;
    struct selection *selection = SELECTION("a", "b:*");
    assert_true(holds(selection, "a"));
    assert_true(holds(selection, "b:"));
    assert_true(holds(selection, "b:1"));
    assert_false(holds(selection, "b"));
    assert_false(holds(selection, "aa"));
    assert_false(holds(selection, "A"));
    selection_unref(selection);
}

static void a_clients_channel_is_held_by_its_client_alone(void **state)
{
    (void)state;
    struct selection *selection = SELECTION("*");
    assert_true(holds(selection, "@me"));
    assert_true(holds(selection, "me"));
    assert_false(holds(selection, "@you"));
    assert_false(holds(selection, "@me2"));
    selection_unref(selection);
}

static void it_lives_as_long_as_somebody_refers_to_it(void **state)
{
    (void)state;
    struct selection *selection = SELECTION("a");
    assert_ptr_equal(selection_ref(selection), selection);
    selection_unref(selection);
    assert_span(selection_name(selection, 0), "a");
    selection_unref(selection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_names_are_kept_without_their_stars),
        cmocka_unit_test(it_holds_its_channels_and_no_others),
        cmocka_unit_test(a_clients_channel_is_held_by_its_client_alone),
        cmocka_unit_test(it_lives_as_long_as_somebody_refers_to_it),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
