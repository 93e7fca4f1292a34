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

struct event *event_ref(struct event *event)
{
    atomic_fetch_add_explicit(&event->references, 1, memory_order_relaxed);
    return event;
}

void event_unref(struct event *event)
{
    if (atomic_fetch_sub_explicit(&event->references, 1, memory_order_acq_rel) == 1)
        free(event);
}
