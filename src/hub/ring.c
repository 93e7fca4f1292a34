/* Rings of events. */
#include "hub/ring.h"

#include "base/check.h"

#include <stdlib.h>

static bool grow(struct ring *ring)
{
    uint32_t capacity = ring->capacity ? ring->capacity * 2 : 4;
    struct event **events = malloc(capacity * sizeof(struct event *));
    if (!events)
        return false;
    for (uint32_t i = 0; i < ring->count; i++)
        events[i] = ring_at(ring, i);
    free(ring->events);
    ring->events = events;
    ring->first = 0;
    ring->capacity = capacity;
    return true;
}

bool ring_push(struct ring *ring, struct event *event)
{
    CHECK(!ring->count || ring_newest(ring)->id < event->id);
    if (ring->count == ring->capacity && !grow(ring))
        return false;
    ring->events[(ring->first + ring->count++) & (ring->capacity - 1)] = event_ref(event);
    return true;
}

struct event *ring_pop(struct ring *ring)
{
    CHECK(ring->count);
    struct event *event = ring_at(ring, 0);
    ring->first = (ring->first + 1) & (ring->capacity - 1);
    if (--ring->count == 0)
        ring_fini(ring);
    return event;
}

void ring_fini(struct ring *ring)
{
    while (ring->count) {
        event_unref(ring_at(ring, 0));
        ring->first = (ring->first + 1) & (ring->capacity - 1);
        ring->count--;
    }
    free(ring->events);
    *ring = (struct ring){0};
}

uint32_t ring_search(const struct ring *ring, uint64_t after)
{
    uint32_t low = 0, high = ring->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ring_at(ring, middle)->id <= after)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
