/* hub/subscription: what is next for a reader, and what it is told. */
#include "reader.h"

#include "hub/clients.h"

/* A piece with these events, ids of one digit, all on x. */
static struct piece *piece_of(uint64_t start, const char *ids, uint64_t complete_to, uint64_t head,
                              size_t names)
{
    struct piece *piece = piece_new((uint32_t)strlen(ids), names);
    assert_non_null(piece);
    piece->start = start;
    piece->complete_to = complete_to;
    piece->head = head;
    for (; *ids; ids++)
        piece->events[piece->count++] = make_event("x", (uint64_t)(*ids - '0'));
    return piece;
}

static void assert_gap(const struct gap *gap, enum gap_reason reason, uint64_t after,
                       uint64_t until, unsigned names)
{
    assert_non_null(gap);
    assert_string_equal(gap_reason_name(gap->reason), gap_reason_name(reason));
    assert_int_equal(gap->after, after);
    assert_int_equal(gap->until, until);
    assert_int_equal(gap->names[0], names);
}

static void a_reader_catches_up_and_goes_live_without_a_seam(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    open_windows(&windows, 4, 16);
    open_reader(&windows, &reader, SELECTION("x"));
    assert_string_equal(next_of(&reader), "");
    assert_true(subscription_take(&reader, piece_of(1, "24", 5, 7, 0)));
    append(&windows, "x", 8);
    assert_string_equal(next_of(&reader), "24a");
    assert_int_equal(reader.cursor, 5);
    assert_true(subscription_take(&reader, piece_of(5, "68", 8, 8, 0)));
    append(&windows, "x", 9);
    assert_string_equal(next_of(&reader), "689");
    assert_int_equal(reader.state, SUBSCRIPTION_LIVE);
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

static void overlapping_windows_are_merged_by_id_each_event_once(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    open_windows(&windows, 8, 32);
    open_live(&windows, &reader, SELECTION("x", "x*", "y"), 1);
    append(&windows, "y", 2);
    append(&windows, "x", 3);
    append(&windows, "xx", 4);
    append(&windows, "z", 5);
    append(&windows, "y", 6);
    assert_string_equal(next_of(&reader), "2346");
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

static void a_reader_who_falls_below_the_floor_asks_the_log(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    open_windows(&windows, 2, 16);
    open_live(&windows, &reader, SELECTION("x"), 1);
    for (uint64_t id = 2; id <= 5; id++)
        append(&windows, "x", id);
    assert_string_equal(next_of(&reader), "a");
    assert_string_equal(subscription_state_name(reader.state), "catching-up");
    assert_string_equal(next_of(&reader), "");
    assert_true(subscription_take(&reader, piece_of(1, "23", 3, 5, 0)));
    assert_string_equal(next_of(&reader), "2345");
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

static void a_pause_forgets_what_is_not_written_and_asks_again(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    struct event *events[1];
    size_t count;
    open_windows(&windows, 2, 16);
    open_reader(&windows, &reader, SELECTION("x"));
    assert_true(subscription_take(&reader, piece_of(1, "234", 5, 7, 0)));
    assert_int_equal(subscription_next(&reader, events, 1, 1, &count), NEXT_EVENTS);
    subscription_wrote(&reader, events, 1);
    subscription_pause(&reader);
    assert_null(reader.catch_up->piece);
    assert_int_equal(reader.cursor, 2);
    assert_string_equal(next_of(&reader), "a");
    assert_true(subscription_take(&reader, piece_of(2, "34", 5, 7, 0)));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(subscription_next(&reader, events, 1, 1, &count), NEXT_EVENTS);
        subscription_wrote(&reader, events, 1);
    }
    subscription_pause(&reader); /* of a piece that is all written it keeps how far it reached */
    assert_int_equal(reader.cursor, 5);
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

static void what_was_trimmed_is_told_once_and_later_losses_as_slow(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    open_windows(&windows, 2, 16);
    open_reader(&windows, &reader, SELECTION("x", "y"));
    struct piece *piece = piece_of(1, "5", 5, 9, 3);
    piece->trimmed_to[0] = 4;
    piece->trimmed_to[1] = 6;
    assert_true(subscription_take(&reader, piece));
    assert_string_equal(next_of(&reader), "g");
    assert_gap(subscription_gap(&reader), GAP_TRIMMED, 1, 6, 1 | 2);
    subscription_told(&reader);
    assert_string_equal(next_of(&reader), "5a");
    piece = piece_of(5, "8", 8, 9, 3);
    piece->trimmed_to[0] = 6; /* the notice before reached so far on both */
    piece->trimmed_to[1] = 7;
    assert_true(subscription_take(&reader, piece));
    assert_string_equal(next_of(&reader), "g");
    assert_gap(subscription_gap(&reader), GAP_SLOW, 6, 7,
               2); /* from where the notice before ended */
    subscription_told(&reader);
    assert_string_equal(next_of(&reader), "8a");
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

/* What is lost on x and y, and which of it was deleted. */
static void lose(struct piece *piece, uint64_t x, bool x_deleted, uint64_t y, bool y_deleted)
{
    piece->trimmed_to[0] = x;
    piece->deleted[0] = x_deleted;
    piece->trimmed_to[1] = y;
    piece->deleted[1] = y_deleted;
}

static void at_the_opening_all_that_is_lost_is_trimmed(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    open_windows(&windows, 2, 16);
    open_reader(&windows, &reader, SELECTION("x", "y"));
    struct piece *piece = piece_of(1, "", 9, 9, 3);
    lose(piece, 4, true, 6, false);
    assert_true(subscription_take(&reader, piece));
    assert_gap(subscription_gap(&reader), GAP_TRIMMED, 1, 6, 1 | 2);
    assert_null(subscription_gap(&reader)->following);
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

static void later_what_was_deleted_is_trimmed_and_the_rest_slow_each_in_its_notice(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    open_windows(&windows, 1, 16);
    open_live(&windows, &reader, SELECTION("x", "y"), 1);
    append(&windows, "x", 2);
    append(&windows, "y", 3);
    append(&windows, "x", 4);
    append(&windows, "y", 5);
    assert_string_equal(next_of(&reader), "a");
    struct piece *piece = piece_of(1, "", 5, 5, 3);
    lose(piece, 4, false, 3, true);
    assert_true(subscription_take(&reader, piece));
    assert_gap(subscription_gap(&reader), GAP_TRIMMED, 1, 3, 2);
    subscription_told(&reader);
    assert_gap(subscription_gap(&reader), GAP_SLOW, 1, 4, 1);
    subscription_told(&reader);
    assert_null(subscription_gap(&reader));
    assert_string_equal(next_of(&reader), "");
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

static void a_deletion_of_what_was_told_is_not_told_again(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    open_windows(&windows, 1, 16);
    open_live(&windows, &reader, SELECTION("x", "y"), 1);
    append(&windows, "x", 2);
    append(&windows, "x", 3);
    assert_string_equal(next_of(&reader), "a");
    struct piece *piece = piece_of(1, "", 1, 5, 3);
    lose(piece, 3, false, 1, false);
    assert_true(subscription_take(&reader, piece));
    assert_gap(subscription_gap(&reader), GAP_SLOW, 1, 3, 1);
    subscription_told(&reader);
    assert_string_equal(next_of(&reader), "a");
    piece = piece_of(1, "", 5, 5, 3);
    lose(piece, 3, true, 1, false);
    assert_true(subscription_take(&reader, piece));
    assert_null(subscription_gap(&reader));
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

static int visited;

static void count_visit(void *context, struct subscription *subscription)
{
    (void)context, (void)subscription;
    visited++;
}

static void each_stream_of_a_client_is_visited_and_no_other(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription readers[3];
    struct span x = SPAN("x");
    struct event *me = entry_new(ENTRY_DISMISS, SPAN("@me"), 0),
                 *nobody = entry_new(ENTRY_DISMISS, SPAN("@m"), 0);
    open_windows(&windows, 4, 16);
    clients_each(&windows, me, count_visit, NULL);
    open_live(&windows, &readers[0], SELECTION("x"), 1);
    open_live(&windows, &readers[1], selection_new(&x, 1, SPAN("you"), true), 1);
    open_live(&windows, &readers[2], SELECTION("y"), 1);
    visited = 0;
    clients_each(&windows, nobody, count_visit, NULL);
    assert_int_equal(visited, 0);
    clients_each(&windows, me, count_visit, NULL);
    assert_int_equal(visited, 2);
    for (int i = 0; i < 3; i++)
        subscription_close(&readers[i], &windows);
    event_unref(me);
    event_unref(nobody);
    windows_fini(&windows);
}

static void an_unknown_position_is_told_first_and_not_for_the_client(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    open_windows(&windows, 2, 16);
    open_reader(&windows, &reader, SELECTION("x", "y"));
    struct piece *piece = empty_piece(9, 9, 9);
    piece->unknown = true;
    assert_true(subscription_take(&reader, piece));
    assert_gap(subscription_gap(&reader), GAP_UNKNOWN, 0, 9, 1 | 2);
    subscription_told(&reader);
    assert_string_equal(next_of(&reader), "");
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

static void the_position_moves_with_other_channels_when_all_is_written(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    uint64_t id = 0;
    open_windows(&windows, 4, 16);
    open_live(&windows, &reader, SELECTION("x"), 1);
    assert_false(subscription_moved(&reader, &windows, &id));
    append(&windows, "y", 2);
    assert_true(subscription_moved(&reader, &windows, &id));
    assert_int_equal(id, 2);
    assert_false(subscription_moved(&reader, &windows, &id));
    append(&windows, "x", 3);
    append(&windows, "y", 4);
    assert_false(subscription_moved(&reader, &windows, &id));
    assert_string_equal(next_of(&reader), "3");
    assert_true(subscription_moved(&reader, &windows, &id));
    assert_int_equal(id, 4);
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

static void a_client_gets_what_is_sent_to_it_on_all_its_streams(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription first, second;
    open_windows(&windows, 4, 16);
    open_live(&windows, &first, SELECTION("x"), 1);
    open_live(&windows, &second, SELECTION("y"), 1);
    append(&windows, "@me", 2);
    append(&windows, "@you", 3);
    append(&windows, "y", 4);
    assert_int_equal(watched, 2); /* the clients' channels come anyhow */
    assert_string_equal(next_of(&first), "2");
    assert_string_equal(next_of(&second), "24");
    subscription_close(&first, &windows);
    append(&windows, "@me", 5);
    assert_string_equal(next_of(&second), "5");
    subscription_close(&second, &windows);
    assert_int_equal(windows.client_count, 0);
    windows_fini(&windows);
}

static void what_was_sent_to_a_client_while_it_opens_is_not_lost(void **state)
{
    (void)state;
    struct windows windows;
    struct subscription reader;
    open_windows(&windows, 4, 16);
    open_reader(&windows, &reader, SELECTION("x"));
    append(&windows, "@me", 2);
    struct piece *piece = empty_piece(1, 1, 3); /* the search did not come so far */
    assert_true(subscription_take(&reader, piece));
    assert_string_equal(next_of(&reader), "a");
    subscription_close(&reader, &windows);
    windows_fini(&windows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_catches_up_and_goes_live_without_a_seam),
        cmocka_unit_test(overlapping_windows_are_merged_by_id_each_event_once),
        cmocka_unit_test(a_reader_who_falls_below_the_floor_asks_the_log),
        cmocka_unit_test(a_pause_forgets_what_is_not_written_and_asks_again),
        cmocka_unit_test(what_was_trimmed_is_told_once_and_later_losses_as_slow),
        cmocka_unit_test(at_the_opening_all_that_is_lost_is_trimmed),
        cmocka_unit_test(later_what_was_deleted_is_trimmed_and_the_rest_slow_each_in_its_notice),
        cmocka_unit_test(a_deletion_of_what_was_told_is_not_told_again),
        cmocka_unit_test(each_stream_of_a_client_is_visited_and_no_other),
        cmocka_unit_test(an_unknown_position_is_told_first_and_not_for_the_client),
        cmocka_unit_test(the_position_moves_with_other_channels_when_all_is_written),
        cmocka_unit_test(a_client_gets_what_is_sent_to_it_on_all_its_streams),
        cmocka_unit_test(what_was_sent_to_a_client_while_it_opens_is_not_lost),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
