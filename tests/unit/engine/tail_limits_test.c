/* engine/tail: limits that differ by channel, and new ones while events are kept. */
#include "make.h"

#include "base/id.h"
#include "engine/tail.h"

enum { DAY_MS = 86400000, HEAD = 1 << 20 };

static const struct tail_limits roomy = {.history = 1000,
                                         .history_bytes = 1 << 20,
                                         .ttl_ms = 60000,
                                         .memory = 1 << 20,
                                         .channels = 1000};

/* The n-th event is made at 1000 + n ms. */
static uint64_t nth(uint64_t n)
{
    return id_make(1000 + n, 0);
}

#define WITH(limits, ...)                              \
    with((limits), (const struct rule[]){__VA_ARGS__}, \
         sizeof((const struct rule[]){__VA_ARGS__}) / sizeof(struct rule))

static struct tail_limits with(struct tail_limits limits, const struct rule *rules, size_t count)
{
    limits.rules = rules_new(rules, count);
    assert_non_null(limits.rules);
    return limits;
}

static struct rule few(const char *match, uint64_t history)
{
    return (struct rule){span_from(match), history, RULE_HUBS, RULE_HUBS};
}

static struct rule brief(const char *match, uint64_t ttl_ms)
{
    return (struct rule){span_from(match), RULE_HUBS, RULE_HUBS, ttl_ms};
}

static void add(struct tail *tail, const char *channel, uint64_t n)
{
    struct event *event = make_event(channel, nth(n));
    struct channel *found;
    assert_ok(tail_channel(tail, event_channel(event), event->hash, tail->limits.channels, 1000 + n,
                           &found));
    found->expected++;
    channel_settle(&tail->channels, found, 1000 + n);
    tail_append(tail, found, event, 1000 + n);
    event_unref(event);
}

/* From the first to the last, all on that channel. */
static void add_all(struct tail *tail, const char *channel, uint64_t first, uint64_t last)
{
    for (uint64_t n = first; n <= last; n++)
        add(tail, channel, n);
}

/* What the channel holds, the events' numbers as digits and letters, and behind '-' what was
 * dropped last. */
static const char *kept(const struct tail *tail, const char *channel)
{
    static char text[64];
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    const struct tail_piece_limits limits = {.events = 60, .bytes = 1 << 20, .steps = 1000};
    struct selection *selection = SELECTION(channel);
    struct piece *piece = tail_read(tail, selection, nth(0), nth(HEAD), limits);
    size_t length = 0;
    for (uint32_t i = 0; i < piece->count; i++)
        text[length++] = digits[id_ms(piece->events[i]->id) - 1000];
    if (piece->trimmed_to) {
        text[length++] = '-';
        text[length++] = digits[id_ms(piece->trimmed_to[0]) - 1000];
        assert_false(piece->deleted[0]);
    }
    text[length] = '\0';
    piece_free(piece);
    selection_unref(selection);
    return text;
}

#define assert_kept(tail, channel, expected) assert_string_equal(kept((tail), (channel)), expected)

static void each_channel_keeps_what_its_rule_says(void **state)
{
    (void)state;
    struct tail tail;
    struct event *event = make_event("c", 1);
    size_t size = event_size(event);
    event_unref(event);
    struct tail_limits limits = roomy;
    limits.history = 3;
    tail_init(&tail,
              WITH(limits, few("b*", 1), few("ba", 4), few("d", 0),
                   {SPAN("c"), RULE_HUBS, 2 * size, RULE_HUBS}),
              nth(0));
    static const char *const names[] = {"a", "b", "ba", "bb", "c", "d"};
    for (uint64_t n = 1; n <= 30; n++)
        add(&tail, names[(n - 1) % 6], n);
    assert_kept(&tail, "a", "djp-7");
    assert_kept(&tail, "b", "q-k");
    assert_kept(&tail, "ba", "9flr-3");
    assert_kept(&tail, "bb", "s-m");
    assert_kept(&tail, "c", "nt-h");
    assert_kept(&tail, "d", "-u");
    assert_kept(&tail, "b*", "9flqrs-m");
    tail_fini(&tail);
}

static void events_of_many_ttls_expire_each_in_its_time(void **state)
{
    (void)state;
    struct tail tail;
    struct tail_limits limits = roomy;
    limits.ttl_ms = 100;
    tail_init(&tail, WITH(limits, brief("b", 10), brief("c", 1000)), nth(0));
    static const char *const names[] = {"a", "b", "c"};
    for (uint64_t n = 1; n <= 9; n++)
        add(&tail, names[(n - 1) % 3], n);
    assert_int_equal(tail_next_expiry(&tail), 1012);
    assert_false(tail_expire(&tail, 1011));
    assert_kept(&tail, "b", "258");
    assert_false(tail_expire(&tail, 1015));
    assert_kept(&tail, "b", "8-5");
    assert_kept(&tail, "a", "147");
    assert_int_equal(tail_next_expiry(&tail), 1018);
    assert_false(tail_expire(&tail, 1101));
    assert_kept(&tail, "b", "-8");
    assert_kept(&tail, "a", "47-1");
    assert_kept(&tail, "c", "369");
    assert_int_equal(tail_gone_to(&tail, nth(9)), nth(3) - 1);
    assert_false(tail_expire(&tail, 1107));
    assert_kept(&tail, "a", "-7");
    assert_int_equal(tail_next_expiry(&tail), 2003);
    assert_false(tail_expire(&tail, 2006));
    assert_kept(&tail, "c", "9-6");
    assert_kept(&tail, "*", "9-8");
    tail_fini(&tail);
}

static void a_busy_channel_is_looked_at_once_a_ttl(void **state)
{
    (void)state;
    struct tail tail;
    struct tail_limits limits = roomy;
    limits.history = 1;
    limits.ttl_ms = 100;
    tail_init(&tail, limits, nth(0));
    add_all(&tail, "a", 1, 20);
    assert_int_equal(tail_next_expiry(&tail), 1101); /* never late, though nothing expires then */
    assert_false(tail_expire(&tail, 1101));
    assert_kept(&tail, "a", "k-j");
    assert_int_equal(tail_next_expiry(&tail), 1120);
    assert_false(tail_expire(&tail, 1120));
    assert_kept(&tail, "a", "-k");
    assert_int_equal(tail_next_expiry(&tail), 1120 + DAY_MS);
    tail_fini(&tail);
}

static void what_is_over_a_lowered_limit_goes_in_steps_and_is_told(void **state)
{
    (void)state;
    struct tail tail;
    tail_init(&tail, roomy, nth(0));
    tail.walk_steps = 2;
    add_all(&tail, "a", 1, 7);
    add_all(&tail, "b", 8, 9);
    tail_set_limits(&tail, WITH(roomy, few("a", 3), few("b", 1)));
    assert_int_equal(tail_next_expiry(&tail), 0);
    assert_kept(&tail, "a", "1234567");
    assert_true(tail_expire(&tail, 1010));
    assert_kept(&tail, "a", "34567-2");
    add(&tail, "a", 10); /* not passed yet */
    assert_kept(&tail, "a", "34567a-2");
    assert_true(tail_expire(&tail, 1010));
    assert_kept(&tail, "a", "567a-4");
    assert_true(tail_expire(&tail, 1010)); /* and it is passed */
    assert_kept(&tail, "a", "67a-5");
    assert_kept(&tail, "b", "89");
    add(&tail, "a", 11);
    assert_kept(&tail, "a", "7ab-6");
    assert_true(tail_expire(&tail, 1011));
    assert_kept(&tail, "b", "9-8");
    assert_false(tail_expire(&tail, 1011));
    assert_int_equal(tail_next_expiry(&tail), 1006 + 60000); /* of a's first when it was passed */
    tail_fini(&tail);
}

static void expire_all(struct tail *tail, uint64_t now_ms)
{
    while (tail_expire(tail, now_ms))
        ;
}

static void what_a_raised_limit_allows_is_kept_from_then_on(void **state)
{
    (void)state;
    struct tail tail;
    tail_init(&tail, WITH(roomy, few("a", 1), brief("b", 10)), nth(0));
    add_all(&tail, "a", 1, 2);
    add_all(&tail, "b", 3, 4);
    tail_set_limits(&tail, WITH(roomy, few("a", 3), brief("b", 100)));
    expire_all(&tail, 1005);
    add_all(&tail, "a", 5, 8);
    assert_kept(&tail, "a", "678-5");
    expire_all(&tail, 1050);
    assert_kept(&tail, "b", "34");
    expire_all(&tail, 1103);
    assert_kept(&tail, "b", "4-3");
    tail_fini(&tail);
}

static void a_lowered_ttl_takes_what_is_too_old_already(void **state)
{
    (void)state;
    struct tail tail;
    tail_init(&tail, roomy, nth(0));
    add_all(&tail, "a", 1, 5);
    add_all(&tail, "b", 6, 9);
    tail_set_limits(&tail, WITH(roomy, brief("a", 20)));
    expire_all(&tail, 1023);
    assert_kept(&tail, "a", "45-3");
    assert_kept(&tail, "b", "6789");
    assert_int_equal(tail_next_expiry(&tail), 1024);
    tail_fini(&tail);
}

static void memory_that_is_lowered_is_given_back_in_steps(void **state)
{
    (void)state;
    enum { EVENTS = 5000, STEP = 1024 };
    struct tail tail;
    struct tail_limits limits = roomy;
    limits.history = EVENTS;
    tail_init(&tail, limits, nth(0));
    for (uint64_t n = 1; n <= EVENTS; n++)
        add(&tail, n % 2 ? "a" : "b", n);
    uint64_t bytes = tail.bytes, size = bytes / EVENTS;
    limits.memory = bytes / 100;
    tail_set_limits(&tail, limits);
    add(&tail, "c", EVENTS + 1); /* makes room for itself alone */
    assert_int_equal(tail.bytes, bytes);
    assert_int_equal(tail_next_expiry(&tail), 0);
    for (int step = 0; step < 4; step++) {
        assert_true(tail_expire(&tail, 1000 + EVENTS));
        assert_int_equal(tail.bytes, bytes -= STEP * size);
    }
    assert_false(tail_expire(&tail, 1000 + EVENTS));
    assert_in_range(tail.bytes, limits.memory - size, limits.memory);
    add(&tail, "c", EVENTS + 2);
    assert_in_range(tail.bytes, limits.memory - size, limits.memory);
    tail_fini(&tail);
}

static void fewer_channels_are_known_once_they_may_be_no_more(void **state)
{
    (void)state;
    struct tail tail;
    struct tail_limits limits = roomy;
    limits.ttl_ms = 20;
    tail_init(&tail, limits, nth(0));
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (uint64_t n = 1; n <= 5; n++)
        add(&tail, names[n - 1], n);
    limits.channels = 2;
    tail_set_limits(&tail, limits);
    expire_all(&tail, 1022);
    assert_int_equal(tail.channels.count, 3); /* a and b held nothing any more */
    assert_int_equal(tail.floor, nth(2));
    expire_all(&tail, 1024);
    assert_int_equal(tail.channels.count, 2);
    assert_int_equal(tail.floor, nth(3));
    assert_int_equal(tail_next_expiry(&tail), 1025);
    tail_fini(&tail);
}

static void of_what_is_asked_during_a_change_the_latest_counts(void **state)
{
    (void)state;
    struct tail tail;
    tail_init(&tail, roomy, nth(0));
    tail.walk_steps = 1;
    add_all(&tail, "a", 1, 5);
    add_all(&tail, "b", 6, 9);
    tail_set_limits(&tail, WITH(roomy, few("a", 4)));
    assert_true(tail_expire(&tail, 1010));
    tail_set_limits(&tail, WITH(roomy, few("a", 0), few("b", 0)));
    tail_set_limits(&tail, WITH(roomy, few("b", 3)));
    assert_true(tail.has_next);
    expire_all(&tail, 1010);
    assert_kept(&tail, "a", "2345-1");
    assert_kept(&tail, "b", "789-6");
    tail_set_limits(&tail, WITH(roomy, few("a", 2)));
    tail_set_limits(&tail, WITH(roomy, few("a", 1))); /* both go with the tail */
    tail_fini(&tail);
}

static void channels_come_and_go_while_limits_change(void **state)
{
    (void)state;
    struct tail tail;
    struct channel *a, *b;
    tail_init(&tail, roomy, nth(0));
    tail.walk_steps = 1;
    assert_ok(tail_channel(&tail, SPAN("a"), hash_bytes("a", 1), 9, 1000, &a));
    assert_ok(tail_channel(&tail, SPAN("b"), hash_bytes("b", 1), 9, 1000, &b));
    add_all(&tail, "c", 1, 5);
    tail_set_limits(&tail, WITH(roomy, few("c", 3), few("d", 2)));
    tail_watched(&tail, a, 0, 1005); /* idle, and no more than the floor: forgotten */
    assert_ptr_equal(tail.channels.walk, b);
    assert_true(tail_expire(&tail, 1005));
    add_all(&tail, "d", 6, 9); /* made by the new rules */
    assert_kept(&tail, "d", "89-7");
    expire_all(&tail, 1010);
    assert_kept(&tail, "c", "345-2");
    assert_kept(&tail, "d", "89-7");
    assert_int_equal(tail.channels.count, 3);
    tail_fini(&tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_channel_keeps_what_its_rule_says),
        cmocka_unit_test(events_of_many_ttls_expire_each_in_its_time),
        cmocka_unit_test(a_busy_channel_is_looked_at_once_a_ttl),
        cmocka_unit_test(what_is_over_a_lowered_limit_goes_in_steps_and_is_told),
        cmocka_unit_test(what_a_raised_limit_allows_is_kept_from_then_on),
        cmocka_unit_test(a_lowered_ttl_takes_what_is_too_old_already),
        cmocka_unit_test(memory_that_is_lowered_is_given_back_in_steps),
        cmocka_unit_test(fewer_channels_are_known_once_they_may_be_no_more),
        cmocka_unit_test(of_what_is_asked_during_a_change_the_latest_counts),
        cmocka_unit_test(channels_come_and_go_while_limits_change),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
