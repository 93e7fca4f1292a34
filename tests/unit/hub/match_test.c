/* hub/match: which channels and prefixes a name meets. */
#include "engine/make.h"

#include "hub/match.h"

enum { ENTRIES = 200 };

struct found {
    const struct match_entry *entries[ENTRIES];
    size_t count;
};

static void note(void *context, struct match_entry *entry)
{
    struct found *found = context;
    found->entries[found->count++] = entry;
}

static void fill(struct match_entry *entry, const char *name, bool prefix)
{
    *entry = (struct match_entry){
        .name = span_from(name), .hash = hash_bytes(name, strlen(name)), .prefix = prefix};
}

static size_t count_met(const struct match *match, const char *channel, struct found *found)
{
    *found = (struct found){0};
    match_each(match, span_from(channel), hash_bytes(channel, strlen(channel)), note, found);
    return found->count;
}

static void a_name_meets_itself_and_each_of_its_prefixes(void **state)
{
    (void)state;
    struct match match = {0};
    struct match_entry exact, a, ab, all, other;
    struct found found;
    fill(&exact, "abc", false), fill(&a, "a", true), fill(&ab, "abc", true);
    fill(&all, "", true), fill(&other, "abcd", true);
    assert_true(match_add(&match, &exact) && match_add(&match, &a) && match_add(&match, &ab) &&
                match_add(&match, &all) && match_add(&match, &other));
    assert_int_equal(count_met(&match, "abc", &found), 4);
    assert_int_equal(count_met(&match, "ab", &found), 2);
    assert_int_equal(count_met(&match, "x", &found), 1);
    assert_ptr_equal(found.entries[0], &all);
    assert_ptr_equal(match_find(&match, SPAN("abc"), exact.hash, false), &exact);
    assert_ptr_equal(match_find(&match, SPAN("abc"), ab.hash, true), &ab);
    match_remove(&match, &other), match_remove(&match, &ab), match_remove(&match, &exact);
    assert_int_equal(match.longest, 1);
    assert_int_equal(count_met(&match, "abc", &found), 2);
    match_remove(&match, &a), match_remove(&match, &all);
    assert_int_equal(count_met(&match, "abc", &found), 0);
}

static void a_clients_channel_meets_no_prefix(void **state)
{
    (void)state;
    struct match match = {0};
    struct match_entry all, own;
    struct found found;
    fill(&all, "", true), fill(&own, "@me", false);
    assert_true(match_add(&match, &all) && match_add(&match, &own));
    assert_int_equal(count_met(&match, "@me", &found), 1);
    assert_ptr_equal(found.entries[0], &own);
    assert_int_equal(count_met(&match, "@you", &found), 0);
    match_remove(&match, &all), match_remove(&match, &own);
}

static void many_names_meet_as_by_looking_at_all_entries(void **state)
{
    (void)state;
    static struct match_entry entries[ENTRIES];
    static char names[ENTRIES][8];
    bool in[ENTRIES] = {0};
    struct match match = {0};
    uint64_t random = unit_seed();
    for (int turn = 0; turn < 20000; turn++) {
        size_t i = unit_random_below(&random, ENTRIES);
        if (in[i]) {
            match_remove(&match, &entries[i]);
            in[i] = false;
        } else {
            size_t n = unit_random_below(&random, 6);
            for (size_t at = 0; at <= n; at++)
                names[i][at] = at < n ? (char)('a' + unit_random_below(&random, 2)) : '\0';
            fill(&entries[i], names[i], unit_random_below(&random, 2));
            in[i] = !match_find(&match, entries[i].name, entries[i].hash, entries[i].prefix);
            if (in[i])
                assert_true(match_add(&match, &entries[i]));
        }
        struct span channel = span_from(names[unit_random_below(&random, ENTRIES)]);
        struct found found = {0};
        size_t expected = 0;
        match_each(&match, channel, hash_bytes(channel.p, channel.n), note, &found);
        for (size_t e = 0; e < ENTRIES; e++)
            expected += in[e] && (entries[e].prefix ? span_starts(channel, entries[e].name)
                                                    : span_equal(channel, entries[e].name));
        assert_int_equal(found.count, expected);
    }
    for (size_t i = 0; i < ENTRIES; i++)
        if (in[i])
            match_remove(&match, &entries[i]);
    assert_null(match.exact);
    assert_null(match.prefixes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_meets_itself_and_each_of_its_prefixes),
        cmocka_unit_test(a_clients_channel_meets_no_prefix),
        cmocka_unit_test(many_names_meet_as_by_looking_at_all_entries),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
