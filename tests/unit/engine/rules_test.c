/* engine/rules: which rule counts for a channel, and what it leaves to the hub. */
#include "unit.h"

#include "engine/rules.h"

#include <string.h>

static const struct rule hub = {.history = 1000, .history_bytes = 16 << 20, .ttl_ms = 300000};

/* Rules that differ in their history: their place here. */
static struct rules *make(const char *const *matches, size_t count)
{
    struct rule given[1000];
    assert_true(count <= sizeof given / sizeof *given);
    for (size_t i = 0; i < count; i++)
        given[i] = (struct rule){span_from(matches[i]), i, RULE_HUBS, RULE_HUBS};
    struct rules *rules = rules_new(given, count);
    assert_non_null(rules);
    return rules;
}

static uint64_t history_of(const struct rules *rules, const char *channel)
{
    return rules_get(rules, rules_find(rules, span_from(channel)), hub).history;
}

static void the_longest_that_meets_a_channel_counts(void **state)
{
    (void)state;
    static const char *const matches[] = {"stocks:*",  "news",      "stocks:A*",    "*",
                                          "stocks:AB", "news:*",    "stocks*",      "n*",
                                          "stocks:A",  "\xc3\xa4*", "stocks:ABCD*", "zz*"};
    static const struct {
        const char *channel, *match; /* NULL: the hub's own */
    } cases[] = {
        {"news", "news"},
        {"news:", "news:*"},
        {"news:a", "news:*"},
        {"newspaper", "n*"},
        {"n", "n*"},
        {"m", "*"},
        {"", "*"},
        {"~", "*"},
        {"stock", "*"},
        {"stocks", "stocks*"},
        {"stocks:", "stocks:*"},
        {"stocks:B", "stocks:*"},
        {"stocks:A", "stocks:A"},
        {"stocks:AA", "stocks:A*"},
        {"stocks:AB", "stocks:AB"},
        {"stocks:ABC", "stocks:A*"},
        {"stocks:ABCC", "stocks:A*"},
        {"stocks:ABCE", "stocks:A*"},
        {"stocks:ABCD", "stocks:ABCD*"},
        {"stocks:ABCDE", "stocks:ABCD*"},
        {"stocks:AZ", "stocks:A*"},
        {"stocks;", "stocks*"},
        {"\xc3\xa4", "\xc3\xa4*"},
        {"\xc3\xa5", "*"},
        {"@news", NULL},
        {"@", NULL},
    };
    enum { MATCHES = sizeof matches / sizeof *matches };
    struct rules *rules = make(matches, MATCHES);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t found = history_of(rules, cases[i].channel);
        assert_string_equal(found == hub.history ? "none" : matches[found],
                            cases[i].match ? cases[i].match : "none");
    }
    rules_free(rules);
}

static void a_name_beats_the_prefix_of_the_same_text(void **state)
{
    (void)state;
    static const char *const matches[] = {"a*", "a", "ab*", "*"};
    struct rules *rules = make(matches, 4);
    assert_int_equal(history_of(rules, "a"), 1);
    assert_int_equal(history_of(rules, "aa"), 0);
    assert_int_equal(history_of(rules, "ab"), 2);
    rules_free(rules);
}

static void what_a_rule_leaves_out_is_the_hubs_and_no_shorter_ones(void **state)
{
    (void)state;
    static const struct rule given[] = {
        {SPAN("a*"), 1, 2, 3},
        {SPAN("ab*"), RULE_HUBS, 20, RULE_HUBS},
        {SPAN("abc"), 100, RULE_HUBS, 0},
    };
    struct rules *rules = rules_new(given, 3);
    struct rule rule = rules_get(rules, rules_find(rules, SPAN("abx")), hub);
    assert_int_equal(rule.history, hub.history);
    assert_int_equal(rule.history_bytes, 20);
    assert_int_equal(rule.ttl_ms, hub.ttl_ms);
    rule = rules_get(rules, rules_find(rules, SPAN("abc")), hub);
    assert_int_equal(rule.history, 100);
    assert_int_equal(rule.history_bytes, hub.history_bytes);
    assert_int_equal(rule.ttl_ms, 0);
    rules_free(rules);
}

static void without_rules_all_is_the_hubs(void **state)
{
    (void)state;
    assert_int_equal(history_of(NULL, "a"), hub.history);
    rules_free(NULL);
    struct rules *none = rules_new(NULL, 0);
    assert_int_equal(history_of(none, "a"), hub.history);
    rules_free(none);
    struct rules *one = make((const char *const[]){"b"}, 1);
    assert_int_equal(history_of(one, "a"), hub.history);
    assert_int_equal(history_of(one, "c"), hub.history);
    assert_int_equal(history_of(one, "b"), 0);
    rules_free(one);
}

static void the_caller_may_forget_his_texts(void **state)
{
    (void)state;
    char text[] = "stocks:*";
    struct rule given = {span_from(text), 7, 8, 9};
    struct rules *rules = rules_new(&given, 1);
    memset(text, 'x', sizeof text - 1);
    assert_int_equal(history_of(rules, "stocks:A"), 7);
    rules_free(rules);
}

/* By looking at all of them; SIZE_MAX: none. */
static size_t longest(const char (*matches)[16], size_t count, const char *channel)
{
    size_t found = SIZE_MAX, most = 0;
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(matches[i]);
        if (strcmp(matches[i], channel) == 0)
            return i;
        if (matches[i][n - 1] == '*' && strncmp(matches[i], channel, n - 1) == 0 && n > most &&
            channel[0] != '@') {
            found = i;
            most = n;
        }
    }
    return found;
}

static void random_name(uint64_t *random, char *name, size_t longest_name)
{
    size_t n = 1 + unit_random_below(random, longest_name);
    for (size_t i = 0; i < n; i++)
        name[i] = "abA\xc3@"[unit_random_below(random, i ? 4 : 5)];
    name[n] = '\0';
}

static void a_thousand_rules_are_answered_as_by_looking_at_all(void **state)
{
    (void)state;
    enum { RULES = 1000 };
    static char matches[RULES][16];
    static const char *all[RULES];
    uint64_t random = unit_seed();
    for (int round = 0; round < 20; round++) {
        size_t count = 0, most = round ? 1 + unit_random_below(&random, RULES) : RULES;
        while (count < most) {
            char *name = matches[count];
            random_name(&random, name, 10);
            if (unit_random_below(&random, 3))
                strcat(name, "*");
            bool there = false;
            for (size_t i = 0; i < count && !there; i++)
                there = strcmp(matches[i], name) == 0;
            all[count] = name;
            count += !there;
        }
        struct rules *rules = make(all, count);
        for (int i = 0; i < 5000; i++) {
            char name[16];
            random_name(&random, name, 12);
            size_t expected = longest(matches, count, name);
            uint16_t number = rules_find(rules, span_from(name));
            assert_int_equal(number == 0, expected == SIZE_MAX);
            if (number)
                assert_int_equal(rules_get(rules, number, hub).history, expected);
        }
        rules_free(rules);
    }
}

static void as_many_as_may_be_are_numbered_apart(void **state)
{
    (void)state;
    static struct rule given[RULES_MAX];
    static char names[RULES_MAX][8];
    for (size_t i = 0; i < RULES_MAX; i++) {
        snprintf(names[i], sizeof names[i], i % 2 ? "%zx*" : "%zx", i);
        given[i] = (struct rule){span_from(names[i]), i, i, i};
    }
    struct rules *rules = rules_new(given, RULES_MAX);
    assert_non_null(rules);
    for (size_t i = 0; i < RULES_MAX; i++) {
        struct span match = given[i].match;
        match.n -= i % 2;
        assert_int_equal(rules_get(rules, rules_find(rules, match), hub).ttl_ms, i);
    }
    rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_that_meets_a_channel_counts),
        cmocka_unit_test(a_name_beats_the_prefix_of_the_same_text),
        cmocka_unit_test(what_a_rule_leaves_out_is_the_hubs_and_no_shorter_ones),
        cmocka_unit_test(without_rules_all_is_the_hubs),
        cmocka_unit_test(the_caller_may_forget_his_texts),
        cmocka_unit_test(a_thousand_rules_are_answered_as_by_looking_at_all),
        cmocka_unit_test(as_many_as_may_be_are_numbered_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
