/* hub/window: the newest entries of what a worker watches, and the fan-out. */
#include "reader.h"

static void a_window_lives_as_long_as_its_readers(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription a, b;
    open_windows(&windows, 4, 16);
    open_live(&windows, &a, SELECTION("x"), 1);
    open_live(&windows, &b, SELECTION("x", "y*"), 1);
    assert_int_equal(watched, 2);
    subscription_close(&a, &windows);
    assert_int_equal(watched, 2);
    append(&windows, "x", 2);
    append(&windows, "yy", 3);
    assert_true(windows.bytes > 0);
    subscription_close(&b, &windows);
    subscription_close(&b, &windows);
    assert_int_equal(watched, 0);
    assert_int_equal(windows.bytes, 0);
    assert_int_equal(windows.backlog, 0);
    windows_fini(&windows);
}

static void a_full_window_drops_its_oldest_and_raises_its_floor(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    open_windows(&windows, 4, 16);
    open_live(&windows, &reader, SELECTION("x"), 1);
    struct window *window = reader.only.window;
    for (uint64_t id = 2; id <= 5; id++)
        append(&windows, "x", id);
    assert_int_equal(window->floor, 1);
    append(&windows, "x", 6);
    assert_int_equal(window->floor, 2);
    assert_int_equal(window->ring.count, 4);
    assert_int_equal(ring_after(&window->ring, 0), 0);
    assert_int_equal(ring_after(&window->ring, 3), 1);
    assert_int_equal(ring_after(&window->ring, 6), 4);
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

static void too_many_entries_drop_the_oldest_of_all_windows(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription x, y;
    open_windows(&windows, 4, 3);
    open_live(&windows, &x, SELECTION("x"), 1);
    open_live(&windows, &y, SELECTION("y"), 1);
    append(&windows, "x", 2);
    append(&windows, "y", 3);
    append(&windows, "x", 4);
    append(&windows, "y", 5);
    assert_int_equal(x.only.window->floor, 2);
    assert_int_equal(y.only.window->floor, 1);
    subscription_close(&x, &windows);
    subscription_close(&y, &windows);
    windows_fini(&windows);
}

static void entries_before_the_log_has_answered_do_not_count(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    open_windows(&windows, 4, 16);
    open_reader(&windows, &reader, SELECTION("x"));
    append(&windows, "x", 2);
    assert_int_equal(reader.only.window->ring.count, 0);
    assert_true(subscription_take(&reader, empty_piece(2, 2, 2)));
    assert_int_equal(reader.only.window->floor, 2);
    append(&windows, "x", 3);
    assert_string_equal(next_of(&reader), "3");
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

/* Who is served next, by number. */
static int served(struct windows *windows, const struct subscription *readers)
{
    const struct link *link = windows_next(windows);
    return link ? (int)(link->subscription - readers) : -1;
}

static void everybody_is_served_once_and_again_after_a_new_entry(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription readers[3];
    open_windows(&windows, 4, 16);
    for (int i = 0; i < 3; i++)
        open_live(&windows, &readers[i], SELECTION("x"), 1);
    assert_int_equal(served(&windows, readers), -1);
    append(&windows, "x", 2);
    assert_int_equal(windows.backlog, 1);
    assert_int_equal(served(&windows, readers), 0);
    append(&windows, "x", 3); /* 1 and 2 get both at once, 0 comes round again */
    assert_int_equal(served(&windows, readers), 1);
    assert_int_equal(served(&windows, readers), 2);
    assert_int_equal(windows.backlog, 1);
    assert_int_equal(served(&windows, readers), 0);
    assert_int_equal(windows.backlog, 0);
    assert_int_equal(served(&windows, readers), -1);
    for (int i = 0; i < 3; i++)
        subscription_close(&readers[i], &windows);
    windows_fini(&windows);
}

static void windows_take_turns(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription readers[3];
    open_windows(&windows, 4, 16);
    open_live(&windows, &readers[0], SELECTION("busy"), 1);
    open_live(&windows, &readers[1], SELECTION("busy"), 1);
    open_live(&windows, &readers[2], SELECTION("quiet"), 1);
    append(&windows, "busy", 2);
    append(&windows, "quiet", 3);
    assert_int_equal(served(&windows, readers), 0);
    append(&windows, "busy", 4); /* however often, it does not push the other back */
    assert_int_equal(served(&windows, readers), 2);
    assert_int_equal(served(&windows, readers), 1);
    assert_int_equal(served(&windows, readers), 0);
    assert_int_equal(served(&windows, readers), -1);
    for (int i = 0; i < 3; i++)
        subscription_close(&readers[i], &windows);
    windows_fini(&windows);
}

static void joining_and_leaving_in_the_middle_of_a_round_skips_nobody(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription readers[4];
    open_windows(&windows, 4, 16);
    for (int i = 0; i < 3; i++)
        open_live(&windows, &readers[i], SELECTION("x"), 1);
    append(&windows, "x", 2);
    assert_int_equal(served(&windows, readers), 0);
    open_live(&windows, &readers[3], SELECTION("x"), 2);
    subscription_close(&readers[1], &windows);
    assert_int_equal(served(&windows, readers), 2);
    subscription_close(&readers[2], &windows);
    while (served(&windows, readers) >= 0)
        ;
    append(&windows, "x", 3);
    assert_int_equal(served(&windows, readers) + served(&windows, readers), 0 + 3);
    assert_int_equal(served(&windows, readers), -1);
    subscription_close(&readers[0], &windows);
    subscription_close(&readers[3], &windows);
    windows_fini(&windows);
}

static void trimming_leaves_what_is_still_to_be_carried_round(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    open_windows(&windows, 4, 16);
    open_live(&windows, &reader, SELECTION("x"), 1);
    const struct window *window = reader.only.window;
    append(&windows, "x", 2);
    assert_int_equal(served(&windows, &reader), 0);
    append(&windows, "x", 3);
    windows_trim(&windows, 3);
    assert_int_equal(window->floor, 2);
    assert_int_equal(window->ring.count, 1);
    assert_int_equal(served(&windows, &reader), 0);
    windows_trim(&windows, 3);
    assert_int_equal(window->floor, 3);
    assert_int_equal(window->ring.count, 0);
    assert_int_equal(windows.bytes, 0);
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

static void forget(struct windows *windows, const char *channel, uint64_t id)
{
    struct event *entry = entry_new(ENTRY_FORGET, span_from(channel), 0);
    assert_non_null(entry);
    entry->id = id;
    windows_forget(windows, entry);
    event_unref(entry);
}

static void a_deleted_channel_leaves_every_window_with_what_is_older(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription exact, all, other;
    open_windows(&windows, 8, 32);
    open_live(&windows, &exact, SELECTION("xa"), 1);
    open_live(&windows, &all, SELECTION("x*"), 1);
    open_live(&windows, &other, SELECTION("xb"), 1);
    append(&windows, "xb", 2);
    append(&windows, "xa", 3);
    append(&windows, "xb", 4);
    forget(&windows, "xa", 5);
    assert_int_equal(windows.head, 5);
    assert_int_equal(exact.only.window->floor, 3);
    assert_int_equal(exact.only.window->ring.count, 0);
    assert_int_equal(all.only.window->floor, 3);
    assert_int_equal(all.only.window->ring.count, 1);
    assert_int_equal(other.only.window->floor, 1);
    assert_int_equal(windows.backlog, 3);
    assert_string_equal(next_of(&exact), "a");
    assert_string_equal(next_of(&all), "a");
    assert_string_equal(next_of(&other), "24");
    subscription_close(&exact, &windows);
    subscription_close(&all, &windows);
    subscription_close(&other, &windows);
    windows_fini(&windows);
}

static void who_has_seen_what_is_deleted_goes_on(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    open_windows(&windows, 8, 32);
    open_live(&windows, &reader, SELECTION("x*"), 1);
    append(&windows, "xa", 2);
    assert_string_equal(next_of(&reader), "2");
    append(&windows, "xb", 3);
    forget(&windows, "xa", 4);
    append(&windows, "xa", 5);
    assert_string_equal(next_of(&reader), "35");
    assert_int_equal(served(&windows, &reader), 0);
    assert_int_equal(windows.backlog, 0);
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

static void a_channel_that_is_not_there_is_forgotten_without_a_trace(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader, opening;
    open_windows(&windows, 8, 32);
    open_live(&windows, &reader, SELECTION("x*"), 1);
    open_reader(&windows, &opening, SELECTION("xa"));
    append(&windows, "xb", 2);
    forget(&windows, "xa", 3);
    forget(&windows, "y", 4);
    assert_int_equal(reader.only.window->floor, 1);
    assert_true(opening.only.window->floor == UINT64_MAX);
    assert_int_equal(windows.head, 4);
    assert_string_equal(next_of(&reader), "2");
    subscription_close(&reader, &windows);
    subscription_close(&opening, &windows);
    windows_fini(&windows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_lives_as_long_as_its_readers),
        cmocka_unit_test(a_full_window_drops_its_oldest_and_raises_its_floor),
        cmocka_unit_test(too_many_entries_drop_the_oldest_of_all_windows),
        cmocka_unit_test(entries_before_the_log_has_answered_do_not_count),
        cmocka_unit_test(everybody_is_served_once_and_again_after_a_new_entry),
        cmocka_unit_test(windows_take_turns),
        cmocka_unit_test(joining_and_leaving_in_the_middle_of_a_round_skips_nobody),
        cmocka_unit_test(trimming_leaves_what_is_still_to_be_carried_round),
        cmocka_unit_test(a_deleted_channel_leaves_every_window_with_what_is_older),
        cmocka_unit_test(who_has_seen_what_is_deleted_goes_on),
        cmocka_unit_test(a_channel_that_is_not_there_is_forgotten_without_a_trace),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
