/* The tail: keeping and dropping. Reading is in read.c. */
#include "engine/tail.h"

#include "base/check.h"
#include "base/id.h"

#include <stdlib.h>

enum { DAY_MS = 86400000, EXPIRE_STEP = 1024, MAKE_ROOM = 64 };

/* What a deleted channel held. */
struct grave {
    TAILQ_ENTRY(grave) queue;
    struct ring ring;
};

void tail_init(struct tail *tail, struct tail_limits limits, uint64_t birth)
{
    *tail = (struct tail){.limits = limits, .floor = birth};
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
    return *channel ? OK : ERROR_NO_MEMORY;
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

static bool keep(struct tail *tail, struct channel *channel, struct event *event, uint64_t now_ms)
{
    while (!order_add(&tail->order, event))
        if (!tail_make_room(tail, now_ms))
            return false;
    tail->bytes += event_size(event);
    while (!channel_push(&tail->channels, channel, event)) {
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
    if (!keep(tail, channel, event, now_ms)) {
        channel_trim(channel, event->id, false);
        channel_settle(&tail->channels, channel, now_ms);
    }
    const struct tail_limits *limits = &tail->limits;
    while (channel->ring.count > limits->history || channel->bytes > limits->history_bytes)
        drop_oldest_of(tail, channel, now_ms);
    while (tail->bytes > limits->memory)
        drop_oldest(tail, now_ms);
}

bool tail_expire(struct tail *tail, uint64_t now_ms)
{
    for (int step = 0; step < EXPIRE_STEP; step++) {
        if (tail_next_expiry(tail) > now_ms)
            return false;
        const struct event *oldest = order_oldest(&tail->order);
        bool buried = !TAILQ_EMPTY(&tail->graves);
        if (buried || (oldest && id_ms(oldest->id) + tail->limits.ttl_ms <= now_ms))
            drop_oldest(tail, now_ms);
        else
            forget(tail, TAILQ_FIRST(&tail->channels.idle));
    }
    return true;
}

uint64_t tail_next_expiry(const struct tail *tail)
{
    if (!TAILQ_EMPTY(&tail->graves))
        return 0;
    const struct event *oldest = order_oldest(&tail->order);
    const struct channel *idle = TAILQ_FIRST(&tail->channels.idle);
    uint64_t event_ms = oldest ? id_ms(oldest->id) + tail->limits.ttl_ms : UINT64_MAX;
    uint64_t idle_ms = idle ? idle->idle_ms + DAY_MS : UINT64_MAX;
    return event_ms < idle_ms ? event_ms : idle_ms;
}

uint64_t tail_gone_to(const struct tail *tail, uint64_t head)
{
    const struct event *oldest = order_oldest(&tail->order);
    return oldest ? oldest->id - 1 : head;
}
