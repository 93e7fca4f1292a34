/* Events: made, counted, freed. Knows no format: who writes the body and the heads is above. */
#include "hub/event.h"

#include "base/check.h"
#include "base/hash.h"

#include <stdlib.h>

struct event *event_new(struct span channel, size_t body_size, bool json)
{
    size_t body = channel.n + EVENT_ROOM;
    if (body_size > UINT32_MAX - body - 2)
        return NULL;
    struct event *event = malloc(sizeof *event + body + body_size + 2);
    if (!event)
        return NULL;
    *event = (struct event){
        .references = 1,
        .name_length = (uint16_t)channel.n,
        .json = json,
        .hash = hash_bytes(channel.p, channel.n),
        .body = (uint32_t)body,
        .end = (uint32_t)(body + body_size),
    };
    memcpy(event->bytes, channel.p, channel.n);
    memcpy(event->bytes + event->end, "\r\n", 2);
    return event;
}

struct event *entry_new(enum entry_kind kind, struct span name, uint64_t value)
{
    struct event *entry = event_new(name, 0, false);
    if (!entry)
        return NULL;
    entry->kind = (uint8_t)kind;
    entry->value = value;
    return entry;
}

bool event_set_twin(struct event *event, struct event *twin, struct twins *twins)
{
    struct event *none = NULL;
    uint64_t size = event_size(twin);
    twin->kind = ENTRY_TWIN;
    twin->twins = twins;
    return atomic_fetch_add(&twins->bytes, size) + size <= twins->max &&
           atomic_compare_exchange_strong(&event->twin, &none, twin);
}

bool twins_are_full(struct twins *twins)
{
    return atomic_load(&twins->bytes) > 2 * twins->max;
}

struct event *event_ref(struct event *event)
{
    atomic_fetch_add_explicit(&event->references, 1, memory_order_relaxed);
    return event;
}

void event_unref(struct event *event)
{
    if (atomic_fetch_sub_explicit(&event->references, 1, memory_order_acq_rel) != 1)
        return;
    struct event *twin = event->kind == ENTRY_EVENT ? atomic_load(&event->twin) : NULL;
    if (event->kind == ENTRY_TWIN)
        atomic_fetch_sub(&event->twins->bytes, event_size(event));
    free(event);
    if (twin)
        event_unref(twin);
}
