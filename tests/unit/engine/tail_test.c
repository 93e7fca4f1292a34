/* engine/tail: what is kept, where a stream starts, and the pieces from there on. */
#include "make.h"

#include "base/id.h"
#include "engine/tail.h"

enum { DAY_MS = 86400000 };

static const struct tail_limits roomy = {.history = 1000,
                                         .history_bytes = 1 << 20,
                                         .ttl_ms = 60000,
                                         .memory = 1 << 20,
                                         .channels = 1000};
static const struct tail_piece_limits pieces = {.events = 100, .bytes = 1 << 20, .steps = 1000};

static uint64_t birth(void)
{
    return id_make(1000, 0);
}

/* The n-th event is made at 1000 + n ms. */
static uint64_t nth(uint64_t n)
{
    return id_make(1000 + n, 0);
}

static void add(struct tail *tail, const char *channel, uint64_t n)
{
    struct event *event = make_event(channel, nth(n));
    struct channel *found;
    assert_ok(tail_channel(tail, event_channel(event), event->hash, 1000, 1000 + n, &found));
    found->expected++;
    channel_settle(&tail->channels, found, 1000 + n);
    tail_append(tail, found, event, 1000 + n);
    event_unref(event);
}

/* What a piece after `after` holds: the events' numbers as digits. */
static struct piece *read_piece(const struct tail *tail, struct selection *selection,
                                uint64_t after, uint64_t head, struct tail_piece_limits limits,
                                const char *events)
{
    char found[32] = "";
    struct piece *piece = tail_read(tail, selection, after, head, limits);
    assert_non_null(piece);
    for (uint32_t i = 0; i < piece->count; i++)
        found[i] = (char)('0' + (id_ms(piece->events[i]->id) - 1000));
    assert_string_equal(found, events);
    return piece;
}

static uint64_t start_of(const struct tail *tail, struct selection *selection, struct start start,
                         uint64_t head, bool *unknown)
{
    struct tail_search search = {0};
    uint64_t id;
    while (!tail_start(tail, selection, &start, head, 1, &search, &id, unknown))
        ;
    return id;
}

static void a_channel_keeps_its_newest_and_remembers_what_it_dropped(void **state)
{
    (void)state;
    struct tail tail;
    struct tail_limits limits = roomy;
    limits.history = 2;
    tail_init(&tail, limits, birth());
    for (uint64_t n = 1; n <= 4; n++)
        add(&tail, "a", n);
    add(&tail, "b", 5);
    struct selection *a = SELECTION("a"), *b = SELECTION("b");
    struct piece *piece = read_piece(&tail, a, nth(1), nth(5), pieces, "34");
    assert_int_equal(piece->trimmed_to[0], nth(2));
    assert_int_equal(piece->complete_to, nth(5));
    piece_free(piece);
    piece = read_piece(&tail, a, nth(2), nth(5), pieces, "34");
    assert_null(piece->trimmed_to);
    piece_free(piece);
    piece = read_piece(&tail, b, birth(), nth(5), pieces, "5");
    assert_null(piece->trimmed_to);
    piece_free(piece);
    selection_unref(a);
    selection_unref(b);
    tail_fini(&tail);
}

static void too_much_memory_drops_the_oldest_of_all(void **state)
{
    (void)state;
    struct tail tail;
    struct tail_limits limits = roomy;
    struct event *event = make_event("a", 1);
    limits.memory = event_size(event) * 2;
    event_unref(event);
    tail_init(&tail, limits, birth());
    add(&tail, "a", 1);
    add(&tail, "b", 2);
    add(&tail, "c", 3);
    assert_int_equal(tail.bytes, limits.memory);
    assert_int_equal(order_oldest(&tail.order)->id, nth(2));
    assert_int_equal(tail_gone_to(&tail, nth(3)), nth(2) - 1);
    tail_fini(&tail);
}

static void events_expire_and_empty_channels_are_forgotten_a_day_later(void **state)
{
    (void)state;
    struct tail tail;
    tail_init(&tail, roomy, birth());
    add(&tail, "a", 1);
    assert_int_equal(tail_next_expiry(&tail), 61001);
    assert_false(tail_expire(&tail, 61000));
    assert_non_null(order_oldest(&tail.order));
    assert_false(tail_expire(&tail, 61001));
    assert_null(order_oldest(&tail.order));
    assert_int_equal(tail.bytes, 0);
    assert_int_equal(tail.floor, birth());
    assert_int_equal(tail_next_expiry(&tail), 61001 + DAY_MS);
    assert_false(tail_expire(&tail, 61001 + DAY_MS));
    assert_int_equal(tail.channels.count, 0);
    assert_int_equal(tail.floor, nth(1));
    assert_int_equal(tail_next_expiry(&tail), UINT64_MAX);
    tail_fini(&tail);
}

static void an_event_too_large_to_be_kept_is_dropped_and_that_is_known(void **state)
{
    (void)state;
    struct tail tail;
    struct tail_limits limits = roomy;
    limits.history_bytes = 10;
    tail_init(&tail, limits, birth());
    add(&tail, "a", 1);
    assert_int_equal(tail.bytes, 0);
    struct selection *a = SELECTION("a");
    struct piece *piece = read_piece(&tail, a, birth(), nth(1), pieces, "");
    assert_int_equal(piece->trimmed_to[0], nth(1));
    assert_int_equal(piece->complete_to, nth(1));
    piece_free(piece);
    selection_unref(a);
    tail_fini(&tail);
}

/* a: 1 4 7, b:x: 2 5 8, b:y: 3 6 9 */
static void fill(struct tail *tail)
{
    static const char *const names[] = {"a", "b:x", "b:y"};
    tail_init(tail, roomy, birth());
    for (uint64_t n = 1; n <= 9; n++)
        add(tail, names[(n - 1) % 3], n);
}

static void channels_and_prefixes_are_read_merged_by_id(void **state)
{
    (void)state;
    struct tail tail;
    fill(&tail);
    struct selection *exact = SELECTION("a", "b:y"), *mixed = SELECTION("a", "b:*"),
                     *overlap = SELECTION("b:x", "b:*"), *all = SELECTION("*");
    piece_free(read_piece(&tail, exact, birth(), nth(9), pieces, "134679"));
    piece_free(read_piece(&tail, mixed, nth(3), nth(9), pieces, "456789"));
    piece_free(read_piece(&tail, overlap, nth(3), nth(9), pieces, "5689"));
    piece_free(read_piece(&tail, all, nth(8), nth(9), pieces, "9"));
    piece_free(read_piece(&tail, all, nth(9), nth(9), pieces, ""));
    selection_unref(exact);
    selection_unref(mixed);
    selection_unref(overlap);
    selection_unref(all);
    tail_fini(&tail);
}

static void a_piece_says_how_far_it_is_complete(void **state)
{
    (void)state;
    struct tail tail;
    struct tail_piece_limits few = pieces, short_search = pieces;
    few.events = 2;
    short_search.steps = 2;
    fill(&tail);
    struct selection *exact = SELECTION("a"), *prefix = SELECTION("b:*");
    struct piece *piece = read_piece(&tail, exact, birth(), nth(9), few, "14");
    assert_int_equal(piece->complete_to, nth(4));
    piece_free(piece);
    piece = read_piece(&tail, exact, nth(4), nth(9), few, "7");
    assert_int_equal(piece->complete_to, nth(9));
    piece_free(piece);
    piece = read_piece(&tail, prefix, birth(), nth(9), few, "23");
    assert_int_equal(piece->complete_to, nth(4));
    piece_free(piece);
    piece = read_piece(&tail, prefix, birth(), nth(9), short_search, "2");
    assert_int_equal(piece->complete_to, nth(2));
    piece_free(piece);
    selection_unref(exact);
    selection_unref(prefix);
    tail_fini(&tail);
}

static void a_piece_holds_one_event_however_large(void **state)
{
    (void)state;
    struct tail tail;
    struct tail_piece_limits tight = pieces;
    tight.bytes = 1;
    fill(&tail);
    struct selection *exact = SELECTION("a"), *prefix = SELECTION("b:*");
    piece_free(read_piece(&tail, exact, birth(), nth(9), tight, "1"));
    piece_free(read_piece(&tail, prefix, birth(), nth(9), tight, "2"));
    selection_unref(exact);
    selection_unref(prefix);
    tail_fini(&tail);
}

static void a_stream_starts_where_it_is_asked_to(void **state)
{
    (void)state;
    static const struct {
        struct start start;
        uint64_t exact, prefix; /* the number of the event it starts at */
        bool unknown;
    } cases[] = {
        {{START_NONE, 0, START_NONE, 0}, 9, 9, false},
        {{START_NONE, 0, START_EARLIEST, 0}, 0, 1, false},
        {{START_NONE, 0, START_NEWEST, 0}, 9, 9, false},
        {{START_NONE, 0, START_NEWEST, 2}, 3, 7, false},
        {{START_NONE, 0, START_NEWEST, 99}, 0, 1, false},
        {{START_NONE, 0, START_UNKNOWN, 0}, 9, 9, true},
        {{START_UNKNOWN, 0, START_NONE, 0}, 9, 9, true},
        {{START_UNKNOWN, 0, START_EARLIEST, 0}, 0, 1, true},
    };
    struct tail tail;
    fill(&tail);
    struct selection *exact = SELECTION("a"), *prefix = SELECTION("b:*");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool unknown;
        uint64_t id = start_of(&tail, exact, cases[i].start, nth(9), &unknown);
        assert_int_equal(id, cases[i].exact == 9 ? nth(9) : nth(cases[i].exact + 1) - 1);
        id = start_of(&tail, prefix, cases[i].start, nth(9), &unknown);
        assert_int_equal(id, cases[i].prefix == 9 ? nth(9) : nth(cases[i].prefix + 1) - 1);
        assert_int_equal(unknown, cases[i].unknown);
    }
    selection_unref(exact);
    selection_unref(prefix);
    tail_fini(&tail);
}

static void a_position_wins_and_one_ahead_is_unknown(void **state)
{
    (void)state;
    struct tail tail;
    bool unknown;
    fill(&tail);
    struct selection *a = SELECTION("a");
    struct start start = {START_AFTER, nth(3), START_EARLIEST, 0};
    assert_int_equal(start_of(&tail, a, start, nth(9), &unknown), nth(3));
    assert_false(unknown);
    start = (struct start){START_AFTER, nth(9) + 1, START_NONE, 0};
    assert_int_equal(start_of(&tail, a, start, nth(9), &unknown), nth(9));
    assert_true(unknown);
    start = (struct start){START_UNKNOWN, 0, START_AFTER, nth(2)};
    assert_int_equal(start_of(&tail, a, start, nth(9), &unknown), nth(2));
    assert_true(unknown);
    start = (struct start){START_NONE, 0, START_AFTER, nth(9) + 1};
    assert_int_equal(start_of(&tail, a, start, nth(9), &unknown), nth(9));
    assert_true(unknown);
    start = (struct start){START_NONE, 0, START_TIME, nth(9) + 1};
    assert_int_equal(start_of(&tail, a, start, nth(9), &unknown), nth(9));
    assert_false(unknown);
    selection_unref(a);
    tail_fini(&tail);
}

static void the_newest_of_nothing_begin_where_the_search_did(void **state)
{
    (void)state;
    struct tail tail;
    bool unknown;
    uint64_t id;
    fill(&tail);
    struct selection *none = SELECTION("z*");
    struct start start = {START_NONE, 0, START_NEWEST, 5};
    struct tail_search search = {0};
    assert_false(tail_start(&tail, none, &start, nth(9), 4, &search, &id, &unknown));
    add(&tail, "z", 10);
    while (!tail_start(&tail, none, &start, nth(10), 4, &search, &id, &unknown))
        ;
    assert_int_equal(id, nth(9));
    selection_unref(none);
    tail_fini(&tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_keeps_its_newest_and_remembers_what_it_dropped),
        cmocka_unit_test(too_much_memory_drops_the_oldest_of_all),
        cmocka_unit_test(events_expire_and_empty_channels_are_forgotten_a_day_later),
        cmocka_unit_test(an_event_too_large_to_be_kept_is_dropped_and_that_is_known),
        cmocka_unit_test(channels_and_prefixes_are_read_merged_by_id),
        cmocka_unit_test(a_piece_says_how_far_it_is_complete),
        cmocka_unit_test(a_piece_holds_one_event_however_large),
        cmocka_unit_test(a_stream_starts_where_it_is_asked_to),
        cmocka_unit_test(a_position_wins_and_one_ahead_is_unknown),
        cmocka_unit_test(the_newest_of_nothing_begin_where_the_search_did),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
