/* The tail: keeping and dropping. Reading is in read.c. */
#include "engine/tail.h"

#include "base/check.h"
#include "base/id.h"

#include <stdlib.h>

enum { DAY_MS = 86400000, EXPIRE_STEP = 1024, WALK_STEP = 128, MAKE_ROOM = 64 };

/* What a deleted channel held. */
struct grave {
    TAILQ_ENTRY(grave) queue;
    struct ring ring;
};

void tail_init(struct tail *tail, struct tail_limits limits, uint64_t birth)
{
    *tail = (struct tail){.limits = limits, .floor = birth, .walk_steps = WALK_STEP};
    channels_init(&tail->channels);
    TAILQ_INIT(&tail->graves);
}

void tail_fini(struct tail *tail)
{
    struct grave *grave;
    while ((grave = TAILQ_FIRST(&tail->graves))) {
        TAILQ_REMOVE(&tail->graves, grave, queue);
        ring_fini(&grave->ring);
        free(grave);
    }
    order_fini(&tail->order);
    channels_fini(&tail->channels);
    rules_free(tail->limits.rules);
    rules_free(tail->former.rules);
    rules_free(tail->next.rules);
}

/* ---- limits by channel ---- */

static struct rule rule_in(const struct tail_limits *limits, uint16_t number)
{
    struct rule hub = {.history = limits->history,
                       .history_bytes = limits->history_bytes,
                       .ttl_ms = limits->ttl_ms};
    return rules_get(limits->rules, number, hub);
}

static struct rule rule_of(const struct tail *tail, const struct channel *channel)
{
    bool passed = channel->lap == tail->lap;
    return rule_in(passed ? &tail->limits : &tail->former, channel->rule);
}

static void set_rule(const struct tail *tail, struct channel *channel, uint16_t number)
{
    channel->lap = tail->lap;
    channel->rule = number;
}

static bool is_over(const struct channel *channel, struct rule rule)
{
    return channel->ring.count > rule.history || channel->bytes > rule.history_bytes;
}

/* When the oldest event of a channel that has some expires. */
static uint64_t expiry_of(const struct tail *tail, const struct channel *channel)
{
    return id_ms(ring_at(&channel->ring, 0)->id) + rule_of(tail, channel).ttl_ms;
}

/* ---- dropping ---- */

static void drop(struct tail *tail, struct event *event)
{
    order_remove(&tail->order, event);
    tail->bytes -= event_size(event);
    event_unref(event);
}

static void drop_oldest_of(struct tail *tail, struct channel *channel, uint64_t now_ms)
{
    drop(tail, channel_pop(&tail->channels, channel, now_ms));
}

static void drop_buried(struct tail *tail, struct grave *grave)
{
    drop(tail, ring_pop(&grave->ring));
    if (grave->ring.count)
        return;
    TAILQ_REMOVE(&tail->graves, grave, queue);
    free(grave);
}

/* There is an event. */
static void drop_oldest(struct tail *tail, uint64_t now_ms)
{
    struct grave *grave = TAILQ_FIRST(&tail->graves);
    if (grave) {
        drop_buried(tail, grave);
        return;
    }
    const struct event *oldest = order_oldest(&tail->order);
    struct channel *channel = channels_find(&tail->channels, event_channel(oldest), oldest->hash);
    CHECK(channel && ring_at(&channel->ring, 0) == oldest);
    drop_oldest_of(tail, channel, now_ms);
}

bool tail_make_room(struct tail *tail, uint64_t now_ms)
{
    if (!order_oldest(&tail->order))
        return false;
    for (int i = 0; i < MAKE_ROOM && order_oldest(&tail->order); i++)
        drop_oldest(tail, now_ms);
    return true;
}

/* ---- channels ---- */

static void forget(struct tail *tail, struct channel *channel)
{
    if (channel->trimmed.id > tail->floor)
        tail->floor = channel->trimmed.id;
    channels_forget(&tail->channels, channel);
}

enum error tail_channel(struct tail *tail, struct span name, uint64_t hash, uint64_t max,
                        uint64_t now_ms, struct channel **channel)
{
    *channel = channels_find(&tail->channels, name, hash);
    if (*channel)
        return OK;
    if (tail->channels.count >= max) {
        if (TAILQ_EMPTY(&tail->channels.idle))
            return ERROR_CHANNELS_FULL;
        forget(tail, TAILQ_FIRST(&tail->channels.idle));
    }
    *channel = channels_add(&tail->channels, name, hash, tail->floor, now_ms);
    if (!*channel)
        return ERROR_NO_MEMORY;
    set_rule(tail, *channel, rules_find(tail->limits.rules, name));
    return OK;
}

void tail_watched(struct tail *tail, struct channel *channel, uint64_t workers, uint64_t now_ms)
{
    channel->workers = workers;
    channel_settle(&tail->channels, channel, now_ms);
    if (channel->idle && channel->trimmed.id == tail->floor)
        channels_forget(&tail->channels, channel);
}

void tail_forget(struct tail *tail, struct span name, uint64_t hash, uint64_t now_ms)
{
    struct channel *channel = channels_find(&tail->channels, name, hash);
    if (!channel || channel->ring.count == 0)
        return;
    uint64_t newest = ring_newest(&channel->ring)->id;
    struct grave *grave = malloc(sizeof *grave);
    if (grave) {
        grave->ring = channel->ring;
        channel->ring = (struct ring){0};
        channel->bytes = 0;
        TAILQ_INSERT_TAIL(&tail->graves, grave, queue);
    } else {
        while (channel->ring.count)
            drop_oldest_of(tail, channel, now_ms);
    }
    channel_trim(channel, newest, true);
    channel_settle(&tail->channels, channel, now_ms);
}

bool tail_holds(const struct tail *tail, const struct event *event)
{
    if (TAILQ_EMPTY(&tail->graves))
        return true;
    const struct channel *channel =
        channels_find(&tail->channels, event_channel(event), event->hash);
    return channel && channel->trimmed.id < event->id;
}

/* ---- keeping ---- */

static bool keep(struct tail *tail, struct channel *channel, struct event *event, uint64_t ttl_ms,
                 uint64_t now_ms)
{
    uint64_t expires_ms = id_ms(event->id) + ttl_ms;
    while (!order_add(&tail->order, event))
        if (!tail_make_room(tail, now_ms))
            return false;
    tail->bytes += event_size(event);
    while (!channel_push(&tail->channels, channel, event, expires_ms)) {
        order_remove(&tail->order, event);
        bool room = tail_make_room(tail, now_ms) && order_add(&tail->order, event);
        if (!room) {
            tail->bytes -= event_size(event);
            return false;
        }
    }
    return true;
}

void tail_append(struct tail *tail, struct channel *channel, struct event *event, uint64_t now_ms)
{
    CHECK(channel->expected);
    channel->expected--;
    struct rule rule = rule_of(tail, channel);
    uint64_t before = tail->bytes; /* perhaps more than a lowered limit: the rest goes in steps */
    if (!keep(tail, channel, event, rule.ttl_ms, now_ms)) {
        channel_trim(channel, event->id, false);
        channel_settle(&tail->channels, channel, now_ms);
    }
    while (is_over(channel, rule))
        drop_oldest_of(tail, channel, now_ms);
    while (tail->bytes > tail->limits.memory && tail->bytes > before)
        drop_oldest(tail, now_ms);
}

/* ---- time ---- */

/* Since it was last said when this channel is due events may have left it. */
static void expire_one(struct tail *tail, struct channel *channel, uint64_t now_ms)
{
    uint64_t expiry_ms = expiry_of(tail, channel);
    if (expiry_ms <= now_ms)
        drop_oldest_of(tail, channel, now_ms);
    else
        channel_due(channel, expiry_ms);
}

/* When the longest idle channel is forgotten. */
static uint64_t idle_expiry(const struct tail *tail)
{
    const struct channel *idle = TAILQ_FIRST(&tail->channels.idle);
    bool many = tail->channels.count > tail->limits.channels; /* that limit was lowered */
    return !idle ? UINT64_MAX : many ? 0 : idle->idle_ms + DAY_MS;
}

static bool has_surplus(const struct tail *tail)
{
    return !TAILQ_EMPTY(&tail->graves) || tail->bytes > tail->limits.memory;
}

static bool expire(struct tail *tail, uint64_t now_ms)
{
    for (int step = 0; step < EXPIRE_STEP; step++)
        if (has_surplus(tail))
            drop_oldest(tail, now_ms);
        else if (channels_next_due(&tail->channels) <= now_ms)
            expire_one(tail, channels_first_due(&tail->channels), now_ms);
        else if (idle_expiry(tail) <= now_ms)
            forget(tail, TAILQ_FIRST(&tail->channels.idle));
        else
            return false;
    return true;
}

uint64_t tail_next_expiry(const struct tail *tail)
{
    if (tail->walking || has_surplus(tail))
        return 0;
    uint64_t event_ms = channels_next_due(&tail->channels), idle_ms = idle_expiry(tail);
    return event_ms < idle_ms ? event_ms : idle_ms;
}

/* ---- new limits ---- */

static void begin_walk(struct tail *tail, struct tail_limits limits)
{
    tail->former = tail->limits;
    tail->limits = limits;
    tail->lap = !tail->lap;
    tail->walking = true;
    channels_walk(&tail->channels);
}

static void end_walk(struct tail *tail)
{
    rules_free(tail->former.rules);
    tail->former.rules = NULL;
    tail->walking = false;
    if (!tail->has_next)
        return;
    struct tail_limits next = tail->next;
    tail->has_next = false;
    tail->next.rules = NULL;
    begin_walk(tail, next);
}

void tail_set_limits(struct tail *tail, struct tail_limits limits)
{
    if (!tail->walking) {
        begin_walk(tail, limits);
        return;
    }
    rules_free(tail->next.rules);
    tail->next = limits;
    tail->has_next = true;
}

/* It gets its new limits when it holds no more than they allow; until then an event a step goes. */
static void pass(struct tail *tail, struct channel *channel, uint64_t now_ms)
{
    if (channel->lap != tail->lap) {
        uint16_t number = rules_find(tail->limits.rules, channel_name(channel));
        if (is_over(channel, rule_in(&tail->limits, number))) {
            drop_oldest_of(tail, channel, now_ms);
            return;
        }
        set_rule(tail, channel, number);
        if (channel->ring.count)
            channel_due(channel, expiry_of(tail, channel));
    }
    channels_walk_on(&tail->channels);
}

static bool walk(struct tail *tail, uint64_t now_ms)
{
    for (uint32_t i = 0; tail->walking && i < tail->walk_steps; i++)
        if (tail->channels.walk)
            pass(tail, tail->channels.walk, now_ms);
        else
            end_walk(tail);
    return tail->walking;
}

bool tail_expire(struct tail *tail, uint64_t now_ms)
{
    bool more = walk(tail, now_ms);
    return expire(tail, now_ms) || more;
}

uint64_t tail_gone_to(const struct tail *tail, uint64_t head)
{
    const struct event *oldest = order_oldest(&tail->order);
    return oldest ? oldest->id - 1 : head;
}
