/* The tail: keeping and dropping. Reading is in read.c. */
#include "engine/tail.h"

#include "base/check.h"
#include "base/id.h"

enum { DAY_MS = 86400000, EXPIRE_STEP = 1024 };

void tail_init(struct tail *tail, struct tail_limits limits, uint64_t birth)
{
    *tail = (struct tail){.limits = limits, .floor = birth};
    channels_init(&tail->channels);
}

void tail_fini(struct tail *tail)
{
    order_fini(&tail->order);
    channels_fini(&tail->channels);
}

static void drop_oldest_of(struct tail *tail, struct channel *channel, uint64_t now_ms)
{
    struct event *event = channel_pop(&tail->channels, channel, now_ms);
    order_remove(&tail->order, event);
    tail->bytes -= event_size(event);
    event_unref(event);
}

static void drop_oldest(struct tail *tail, uint64_t now_ms)
{
    const struct event *oldest = order_oldest(&tail->order);
    struct channel *channel = channels_find(&tail->channels, event_channel(oldest), oldest->hash);
    CHECK(channel && ring_at(&channel->ring, 0) == oldest);
    drop_oldest_of(tail, channel, now_ms);
}

enum error tail_append(struct tail *tail, struct event *event, uint64_t now_ms)
{
    struct channel *channel =
        channels_get(&tail->channels, event_channel(event), event->hash, tail->floor, now_ms);
    if (!channel || !channel_push(&tail->channels, channel, event))
        return ERROR_NO_MEMORY;
    order_add(&tail->order, event);
    tail->bytes += event_size(event);
    const struct tail_limits *limits = &tail->limits;
    while (channel->ring.count > limits->history || channel->bytes > limits->history_bytes)
        drop_oldest_of(tail, channel, now_ms);
    while (tail->bytes > limits->memory)
        drop_oldest(tail, now_ms);
    return OK;
}

bool tail_expire(struct tail *tail, uint64_t now_ms)
{
    for (int step = 0; step < EXPIRE_STEP; step++) {
        if (tail_next_expiry(tail) > now_ms)
            return false;
        const struct event *oldest = order_oldest(&tail->order);
        if (oldest && id_ms(oldest->id) + tail->limits.ttl_ms <= now_ms) {
            drop_oldest(tail, now_ms);
            continue;
        }
        struct channel *channel = TAILQ_FIRST(&tail->channels.empty);
        if (channel->trimmed_to > tail->floor)
            tail->floor = channel->trimmed_to;
        channels_forget(&tail->channels, channel);
    }
    return true;
}

uint64_t tail_next_expiry(const struct tail *tail)
{
    const struct event *oldest = order_oldest(&tail->order);
    const struct channel *empty = TAILQ_FIRST(&tail->channels.empty);
    uint64_t event_ms = oldest ? id_ms(oldest->id) + tail->limits.ttl_ms : UINT64_MAX;
    uint64_t empty_ms = empty ? empty->emptied_ms + DAY_MS : UINT64_MAX;
    return event_ms < empty_ms ? event_ms : empty_ms;
}

uint64_t tail_gone_to(const struct tail *tail, uint64_t head)
{
    const struct event *oldest = order_oldest(&tail->order);
    return oldest ? oldest->id - 1 : head;
}
