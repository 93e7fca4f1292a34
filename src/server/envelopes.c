/* A small table by id; what falls on the same place replaces what was there. */
#include "server/envelopes.h"

#include "engine/envelope.h"

static struct event **place_of(struct envelopes *envelopes, uint64_t id)
{
    return &envelopes->kept[(id ^ id >> 16) % ENVELOPES_KEPT]; /* counter and milliseconds */
}

void envelopes_fini(struct envelopes *envelopes)
{
    for (size_t i = 0; i < ENVELOPES_KEPT; i++) {
        if (envelopes->kept[i])
            event_unref(envelopes->kept[i]);
        envelopes->kept[i] = NULL;
    }
}

struct event *envelopes_get(struct envelopes *envelopes, struct event *event, struct twins *twins)
{
    struct event **place = place_of(envelopes, event->id);
    if (*place && (*place)->id == event->id)
        return event_ref(*place);
    struct event *made = envelope_of(event, twins);
    if (!made) {
        envelopes_fini(envelopes); /* they may be what takes the room */
        made = envelope_of(event, twins);
    }
    if (!made || atomic_load(&event->twin) == made)
        return made;
    if (*place)
        event_unref(*place);
    *place = event_ref(made);
    return made;
}
