/* Limits by channel, how new ones come into force, and what time takes away: said naively, and
 * beside the hub's log, whose tail_expire does all three a step at a time. From the hub come only
 * the order in which a walk comes by the channels, and which of those that became idle at once come
 * first. */
#include "base/check.h"
#include "base/id.h"
#include "parts.h"
#include "trace.h"

/* ---- in the model ---- */

struct rule model_rule(const struct model *model, const char *name)
{
    const struct model_limits *set = &model->set;
    const struct rule *found = NULL;
    struct rule rule = {.history = set->limits.history,
                        .history_bytes = set->limits.history_bytes,
                        .ttl_ms = set->limits.ttl_ms};
    for (size_t i = 0; i < set->count; i++) {
        const struct rule *other = &set->rules[i];
        bool exact = strcmp(other->match.p, name) == 0;
        if (model_meets(other->match.p, name) &&
            (!found || exact || other->match.n > found->match.n))
            found = other;
        if (exact)
            break;
    }
    if (found && found->history != RULE_HUBS)
        rule.history = found->history;
    if (found && found->history_bytes != RULE_HUBS)
        rule.history_bytes = found->history_bytes;
    if (found && found->ttl_ms != RULE_HUBS)
        rule.ttl_ms = found->ttl_ms;
    return rule;
}

static void begin_walk(struct model *model, const struct model_limits *limits)
{
    model->set = *limits;
    model->walking = true;
    for (size_t i = 0; i < model->channel_count; i++)
        model->channels[i].passed = false;
}

void model_set_limits(struct model *model, const struct model_limits *limits)
{
    if (!model->walking) {
        begin_walk(model, limits);
        return;
    }
    model->next = *limits;
    model->has_next = true;
}

void model_walk_ends(struct model *model)
{
    for (size_t i = 0; i < model->channel_count; i++)
        CHECK(!model->channels[i].known || model->channels[i].passed);
    model->walking = false;
    if (!model->has_next)
        return;
    model->has_next = false;
    begin_walk(model, &model->next);
}

bool model_passes(struct model *model, size_t i, uint64_t now_ms)
{
    struct model_channel *channel = &model->channels[i];
    struct rule rule = model_rule(model, channel->name);
    size_t oldest = 0;
    if (channel->passed)
        return true;
    if (model_is_over(model, i, &rule, &oldest)) {
        model_drop(model, oldest, now_ms);
        return false;
    }
    channel->rule = rule;
    return channel->passed = true;
}

/* ---- beside the hub ---- */

static size_t of(struct sim *sim, const struct channel *channel)
{
    char name[MODEL_NAME];
    memcpy(name, channel->name, channel->name_length);
    name[channel->name_length] = '\0';
    return model_channel(&sim->model, name);
}

/* What the next tail_expire does of a walk. */
static void walk(struct sim *sim)
{
    const struct tail *tail = &sim->log.tail;
    const struct channel *channel = tail->channels.walk;
    for (uint32_t i = 0; i < tail->walk_steps && sim->model.walking; i++) {
        if (!channel) {
            model_walk_ends(&sim->model);
            channel = sim->model.walking ? tail->channels.table : NULL;
        } else if (model_passes(&sim->model, of(sim, channel), sim->now_ms)) {
            channel = channel->hh.next;
        }
    }
}

static bool is_known(const struct sim *sim, size_t i)
{
    struct span name = span_from(sim->model.channels[i].name);
    return channels_find(&sim->log.tail.channels, name, hash_bytes(name.p, name.n));
}

static void forget_idle(struct sim *sim)
{
    struct model *model = &sim->model;
    while (model_must_forget(model, sim->now_ms)) {
        size_t i = 0;
        while (i < model->channel_count && (!model_may_forget(model, i) || is_known(sim, i)))
            i++;
        MUST(i < model->channel_count);
        model_unknow(model, i);
    }
}

static void rank_idle(struct sim *sim)
{
    const struct channel *channel;
    uint64_t last = 0;
    TAILQ_FOREACH (channel, &sim->log.tail.channels.idle, queue)
        MUST(model_ranks(&sim->model, of(sim, channel), &last));
}

static bool expire_once(struct sim *sim)
{
    struct model *model = &sim->model;
    model->idles++;
    model->expiring = true;
    walk(sim);
    bool more = tail_expire(&sim->log.tail, sim->now_ms);
    model_expire(model, sim->now_ms);
    forget_idle(sim);
    rank_idle(sim);
    model->expiring = false;
    MUST(sim->log.tail.walking == model->walking && more == model->walking);
    MUST(more || tail_next_expiry(&sim->log.tail) > sim->now_ms); /* the timer does not spin */
    return more;
}

void expire(struct sim *sim)
{
    bool whole = one_in(sim, 2);
    while (expire_once(sim) && whole)
        ;
    trace(NULL, SIZE_MAX, "expired at %llu, floor %s", (unsigned long long)sim->now_ms,
          id_text(sim->model.floor).text);
}

/* ---- by chance ---- */

void choose_limits(struct sim *sim, struct model_limits *set)
{
    static const char *const matches[] = {"a",   "ab", "b:1", "*",    "a*",
                                          "ab*", "b*", "b:*", "b:1*", "baa"};
    bool roomy = one_in(sim, 3);
    *set = (struct model_limits){
        .limits = {.history = roomy ? 100 : ONE_OF(sim, 0, 1, 2, 5, 5, 8),
                   .history_bytes = ONE_OF(sim, 300, 800, 2000, 1000000),
                   .ttl_ms = ONE_OF(sim, 1, 100, 2000, 20000, 1000000),
                   .channels = ONE_OF(sim, 5, 9, 16, 1000000, 1000000, 1000000),
                   .memory = roomy ? 1000000 : ONE_OF(sim, 700, 2000, 6000, 1000000)},
        .count = one_in(sim, 3) ? 0 : 1 + below(sim, MODEL_RULES),
    };
    size_t first = below(sim, sizeof matches / sizeof *matches);
    for (size_t i = 0; i < set->count; i++)
        set->rules[i] = (struct rule){
            .match = span_from(matches[(first + i) % (sizeof matches / sizeof *matches)]),
            .history = ONE_OF(sim, RULE_HUBS, 0, 1, 3, 20),
            .history_bytes = ONE_OF(sim, RULE_HUBS, RULE_HUBS, 400, 1500),
            .ttl_ms = ONE_OF(sim, RULE_HUBS, RULE_HUBS, 1, 50, 3000, 500000),
        };
}

struct tail_limits real_limits(const struct model_limits *set)
{
    struct tail_limits limits = set->limits;
    limits.rules = set->count ? rules_new(set->rules, set->count) : NULL;
    MUST(!set->count || limits.rules);
    return limits;
}

void change_limits(struct sim *sim)
{
    struct model_limits set;
    size_t keys_max = sim->log.keys.max;
    choose_limits(sim, &set);
    log_set_limits(&sim->log, real_limits(&set));
    sim->log.keys.max = keys_max; /* the sim has its own */
    model_set_limits(&sim->model, &set);
    count(sim, SIM_CHANGES);
    trace_limits(&set);
}

void trace_limits(const struct model_limits *set)
{
    trace(NULL, SIZE_MAX,
          "limits: history %llu of %llu bytes, ttl %llu, memory %llu, channels %llu",
          (unsigned long long)set->limits.history, (unsigned long long)set->limits.history_bytes,
          (unsigned long long)set->limits.ttl_ms, (unsigned long long)set->limits.memory,
          (unsigned long long)set->limits.channels);
    for (size_t i = 0; i < set->count; i++)
        trace(NULL, SIZE_MAX, "    %s: history %lld of %lld bytes, ttl %lld", set->rules[i].match.p,
              (long long)set->rules[i].history, (long long)set->rules[i].history_bytes,
              (long long)set->rules[i].ttl_ms);
}
