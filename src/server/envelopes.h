/* The envelopes that a worker made when there was no room to keep them with their events: the
 * newest few, so that a fan-out makes each once a worker and not once a reader. The worker's own
 * thread. */
#ifndef FRESHET_SERVER_ENVELOPES_H
#define FRESHET_SERVER_ENVELOPES_H

#include "hub/event.h"

enum { ENVELOPES_KEPT = 64 };

struct envelopes {
    struct event *kept[ENVELOPES_KEPT]; /* by id; NULL: none */
};

/* The event's envelope, with a reference for the caller. NULL where there is no memory, or
 * envelopes that others hold take twice what they may. */
struct event *envelopes_get(struct envelopes *envelopes, struct event *event, struct twins *twins);

/* Drops all. */
void envelopes_fini(struct envelopes *envelopes);

#endif
