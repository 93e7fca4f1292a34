/* engine/channels: by name, by prefix, and the newest dropped id of each. */
#include "make.h"

#include "engine/channels.h"

static struct channel *get(struct channels *channels, const char *name, uint64_t trimmed_to)
{
    struct channel *channel =
        channels_find(channels, span_from(name), hash_bytes(name, strlen(name)));
    if (!channel)
        channel =
            channels_add(channels, span_from(name), hash_bytes(name, strlen(name)), trimmed_to, 0);
    assert_non_null(channel);
    return channel;
}

static void push_until(struct channels *channels, const char *name, uint64_t id,
                       uint64_t expires_ms)
{
    struct event *event = make_event(name, id);
    assert_true(channel_push(channels, get(channels, name, 0), event, expires_ms));
    event_unref(event);
}

static void push(struct channels *channels, const char *name, uint64_t id)
{
    push_until(channels, name, id, id);
}

static void pop(struct channels *channels, const char *name)
{
    event_unref(channel_pop(channels, get(channels, name, 0), 0));
}

static uint64_t trimmed(const struct channels *channels, const char *prefix)
{
    return channels_trimmed(channels, span_from(prefix)).id;
}

static void a_channel_is_found_by_its_whole_name(void **state)
{
    (void)state;
    struct channels channels;
    channels_init(&channels);
    struct channel *a = get(&channels, "a", 5), *ab = get(&channels, "ab", 6);
    assert_ptr_not_equal(a, ab);
    assert_ptr_equal(get(&channels, "a", 9), a);
    assert_int_equal(a->trimmed.id, 5);
    assert_null(channels_find(&channels, SPAN("abc"), hash_bytes("abc", 3)));
    assert_int_equal(channels.count, 2);
    channels_fini(&channels);
}

static void its_events_leave_oldest_first_and_raise_what_is_trimmed(void **state)
{
    (void)state;
    struct channels channels;
    channels_init(&channels);
    for (uint64_t id = 1; id <= 9; id++)
        push(&channels, "a", id * 10);
    struct channel *channel = get(&channels, "a", 0);
    assert_int_equal(channel->ring.count, 9);
    assert_int_equal(ring_after(&channel->ring, 0), 0);
    assert_int_equal(ring_after(&channel->ring, 30), 3);
    assert_int_equal(ring_after(&channel->ring, 39), 3);
    assert_int_equal(ring_after(&channel->ring, 90), 9);
    for (uint64_t id = 1; id <= 9; id++) {
        assert_int_equal(ring_at(&channel->ring, 0)->id, id * 10);
        pop(&channels, "a");
        assert_int_equal(channel->trimmed.id, id * 10);
    }
    assert_int_equal(channel->bytes, 0);
    channels_fini(&channels);
}

static void the_longest_empty_comes_first(void **state)
{
    (void)state;
    struct channels channels;
    channels_init(&channels);
    push(&channels, "a", 1);
    push(&channels, "b", 2);
    assert_true(TAILQ_EMPTY(&channels.idle));
    pop(&channels, "b");
    pop(&channels, "a");
    assert_ptr_equal(TAILQ_FIRST(&channels.idle), get(&channels, "b", 0));
    push(&channels, "b", 3);
    assert_ptr_equal(TAILQ_FIRST(&channels.idle), get(&channels, "a", 0));
    channels_fini(&channels);
}

static void a_prefix_asks_all_its_channels_but_never_a_clients(void **state)
{
    (void)state;
    struct channels channels;
    channels_init(&channels);
    get(&channels, "a", 1), get(&channels, "ab", 5), get(&channels, "abc", 3);
    get(&channels, "b", 9), get(&channels, "@ab", 50), get(&channels, "\xc3\xa4", 2);
    assert_int_equal(trimmed(&channels, "a"), 5);
    assert_int_equal(trimmed(&channels, "abc"), 3);
    assert_int_equal(trimmed(&channels, "abcd"), 0);
    assert_int_equal(trimmed(&channels, "b"), 9);
    assert_int_equal(trimmed(&channels, "\xc3"), 2);
    assert_int_equal(trimmed(&channels, ""), 9);
    channels_fini(&channels);
}

static void random_name(uint64_t *random, char *name)
{
    size_t n = 1 + unit_random_below(random, 5);
    for (size_t i = 0; i < n; i++)
        name[i] = "?@Abc"[unit_random_below(random, 5)];
    name[n] = '\0';
}

static uint64_t naive_trimmed(const struct channels *channels, const char *prefix)
{
    uint64_t max = 0;
    struct channel *channel, *next;
    HASH_ITER (hh, channels->table, channel, next) {
        bool meets = channel->name_length >= strlen(prefix) &&
                     memcmp(channel->name, prefix, strlen(prefix)) == 0;
        bool client = channel->name[0] == '@' && prefix[0] != '@';
        if (meets && !client && channel->trimmed.id > max)
            max = channel->trimmed.id;
    }
    return max;
}

static void every_prefix_is_answered_as_by_looking_at_all_channels(void **state)
{
    (void)state;
    struct channels channels;
    uint64_t random = unit_seed();
    channels_init(&channels);
    for (uint64_t id = 1; id < 30000; id++) {
        char name[8], prefix[8];
        random_name(&random, name);
        random_name(&random, prefix);
        struct channel *channel =
            channels_find(&channels, span_from(name), hash_bytes(name, strlen(name)));
        switch (unit_random_below(&random, 3)) {
        case 0:
            push(&channels, name, id);
            break;
        case 1:
            if (channel && channel->ring.count)
                pop(&channels, name);
            break;
        default:
            if (channel && channel->ring.count == 0)
                channels_forget(&channels, channel);
            break;
        }
        assert_int_equal(trimmed(&channels, prefix), naive_trimmed(&channels, prefix));
        if (id % 64 == 0)
            assert_int_equal(trimmed(&channels, ""), naive_trimmed(&channels, ""));
    }
    channels_fini(&channels);
}

static void the_first_that_may_expire_is_found_as_by_looking_at_all(void **state)
{
    (void)state;
    struct channels channels;
    uint64_t random = unit_seed();
    channels_init(&channels);
    for (uint64_t id = 1; id < 30000; id++) {
        char name[8];
        uint64_t least = UINT64_MAX, due_ms = 1 + unit_random_below(&random, 1000);
        random_name(&random, name);
        struct channel *channel =
            channels_find(&channels, span_from(name), hash_bytes(name, strlen(name)));
        switch (unit_random_below(&random, 4)) {
        case 0:
            push_until(&channels, name, id, due_ms);
            break;
        case 1:
            if (channel && channel->ring.count)
                channel_due(channel, due_ms);
            break;
        case 2:
            if (channel && channel->ring.count)
                pop(&channels, name);
            break;
        default:
            if (channel && channel->ring.count == 0)
                channels_forget(&channels, channel);
            break;
        }
        for (channel = channels.table; channel; channel = channel->hh.next)
            if (channel->ring.count && channel->due_ms < least)
                least = channel->due_ms;
        assert_int_equal(channels_next_due(&channels), least);
        if (least == UINT64_MAX)
            continue;
        channel = channels_first_due(&channels);
        assert_true(channel->ring.count && channel->due_ms == least);
    }
    channels_fini(&channels);
}

static void a_walk_comes_by_each_though_some_come_and_go(void **state)
{
    (void)state;
    struct channels channels;
    channels_init(&channels);
    channels_walk(&channels);
    assert_null(channels.walk);
    struct channel *a = get(&channels, "a", 0), *b = get(&channels, "b", 0);
    struct channel *c = get(&channels, "c", 0), *d = get(&channels, "d", 0);
    channels_walk(&channels);
    assert_ptr_equal(channels.walk, a);
    channels_walk_on(&channels);
    assert_ptr_equal(channels.walk, b);
    channels_forget(&channels, a);
    channels_forget(&channels, b);
    assert_ptr_equal(channels.walk, c);
    struct channel *e = get(&channels, "a", 0);
    channels_walk_on(&channels);
    channels_forget(&channels, c);
    assert_ptr_equal(channels.walk, d);
    channels_walk_on(&channels);
    assert_ptr_equal(channels.walk, e);
    channels_forget(&channels, e);
    assert_null(channels.walk);
    channels_fini(&channels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_channel_is_found_by_its_whole_name),
        cmocka_unit_test(its_events_leave_oldest_first_and_raise_what_is_trimmed),
        cmocka_unit_test(the_longest_empty_comes_first),
        cmocka_unit_test(a_prefix_asks_all_its_channels_but_never_a_clients),
        cmocka_unit_test(every_prefix_is_answered_as_by_looking_at_all_channels),
        cmocka_unit_test(the_first_that_may_expire_is_found_as_by_looking_at_all),
        cmocka_unit_test(a_walk_comes_by_each_though_some_come_and_go),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
