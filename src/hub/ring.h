/* A ring of events, oldest first, ids rising: grows at the new end, gives up at the old, is
 * searched by id. Holds a reference to each. Zeroed it is empty. One thread. */
#ifndef FRESHET_HUB_RING_H
#define FRESHET_HUB_RING_H

#include "hub/event.h"

struct ring {
    struct event **events;
    uint32_t first, count, capacity; /* capacity is 0 or a power of two */
};

/* Adds the newest; takes a reference of its own. False where there is no memory. */
bool ring_push(struct ring *ring, struct event *event);

/* Takes out the oldest (there is one); its reference is the caller's. Gives the memory of an empty
 * ring back. */
struct event *ring_pop(struct ring *ring);

/* Drops all. */
void ring_fini(struct ring *ring);

static inline struct event *ring_at(const struct ring *ring, uint32_t place)
{
    return ring->events[(ring->first + place) & (ring->capacity - 1)];
}

static inline struct event *ring_newest(const struct ring *ring)
{
    return ring->count ? ring_at(ring, ring->count - 1) : NULL;
}

/* Finds what ring_after finds, for whoever is further behind. */
uint32_t ring_search(const struct ring *ring, uint64_t after);

/* The place of the first event with an id above `after`: 0 to count (none). */
static inline uint32_t ring_after(const struct ring *ring, uint64_t after)
{
    uint32_t count = ring->count; /* the usual cases: who asks has all, or all but the newest */
    if (!count || ring_at(ring, count - 1)->id <= after)
        return count;
    if (count == 1 || ring_at(ring, count - 2)->id <= after)
        return count - 1;
    return ring_search(ring, after);
}

#endif
