/* Rules: sorted by text, those for names before those for prefixes.
 *
 * Among the prefixes each knows the longest other one that it begins with. All that a name begins
 * with lie at the last one that is not above the name or up that chain from it. */
#include "engine/rules.h"

#include "base/check.h"

#include <stdlib.h>

struct row {
    struct rule rule; /* its match without the '*' */
    bool prefix;
    uint16_t within; /* number of the next shorter prefix, 0: none */
};

struct rules {
    size_t names, count;
    struct row rows[]; /* the rule of number 1 first; their texts behind the last */
};

static int compare(const void *a, const void *b)
{
    const struct row *left = a, *right = b;
    if (left->prefix != right->prefix)
        return left->prefix - right->prefix;
    return span_compare(left->rule.match, right->rule.match);
}

static bool cut_star(struct span *match)
{
    bool star = match->n && match->p[match->n - 1] == '*';
    match->n -= star;
    return star;
}

/* Those before it stand in order, and their chains are made. */
static uint16_t within(const struct rules *rules, size_t i)
{
    uint16_t number = i > rules->names ? (uint16_t)i : 0; /* of the one before it */
    while (number && !span_starts(rules->rows[i].rule.match, rules->rows[number - 1].rule.match))
        number = rules->rows[number - 1].within;
    return number;
}

struct rules *rules_new(const struct rule *given, size_t count)
{
    size_t text = 0;
    CHECK(count <= RULES_MAX);
    for (size_t i = 0; i < count; i++)
        text += given[i].match.n;
    struct rules *rules = malloc(sizeof *rules + count * sizeof *rules->rows + text);
    if (!rules)
        return NULL;
    *rules = (struct rules){.count = count};
    char *end = (char *)(rules->rows + count);
    for (size_t i = 0; i < count; i++) {
        struct row *row = &rules->rows[i];
        *row = (struct row){.rule = given[i]};
        row->prefix = cut_star(&row->rule.match);
        rules->names += !row->prefix;
        if (row->rule.match.n)
            memcpy(end, row->rule.match.p, row->rule.match.n);
        row->rule.match.p = end;
        end += row->rule.match.n;
    }
    qsort(rules->rows, count, sizeof *rules->rows, compare);
    for (size_t i = rules->names; i < count; i++)
        rules->rows[i].within = within(rules, i);
    return rules;
}

void rules_free(struct rules *rules)
{
    free(rules);
}

/* The number of the last of these whose text is not above the name; `low` where there is none. */
static size_t last_up_to(const struct rules *rules, size_t low, size_t high, struct span name)
{
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (span_compare(rules->rows[middle].rule.match, name) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint16_t rules_find(const struct rules *rules, struct span channel)
{
    if (!rules)
        return 0;
    size_t number = last_up_to(rules, 0, rules->names, channel);
    if (number && span_equal(rules->rows[number - 1].rule.match, channel))
        return (uint16_t)number;
    if (channel.n && channel.p[0] == '@')
        return 0;
    number = last_up_to(rules, rules->names, rules->count, channel);
    if (number == rules->names)
        return 0;
    while (number && !span_starts(channel, rules->rows[number - 1].rule.match))
        number = rules->rows[number - 1].within;
    return (uint16_t)number;
}

struct rule rules_get(const struct rules *rules, uint16_t number, struct rule hub)
{
    if (number == 0)
        return hub;
    CHECK(rules && number <= rules->count);
    struct rule rule = rules->rows[number - 1].rule;
    if (rule.history == RULE_HUBS)
        rule.history = hub.history;
    if (rule.history_bytes == RULE_HUBS)
        rule.history_bytes = hub.history_bytes;
    if (rule.ttl_ms == RULE_HUBS)
        rule.ttl_ms = hub.ttl_ms;
    return rule;
}
