/* A selection: what one subscriber asked for, and the name that others may send to it by.
 * Immutable, shared between its subscription and the requests to the log by counting references.
 * The last name is always the client's own channel, '@' and the client_id. */
#ifndef FRESHET_HUB_SELECTION_H
#define FRESHET_HUB_SELECTION_H

#include "base/span.h"
#include "hub/event.h"

#include <stdatomic.h>
#include <stdint.h>

enum { SELECTION_MAX = 256 }; /* channels on a stream */

struct selected {
    uint64_t hash; /* hash_bytes of the name */
    uint32_t offset;
    uint16_t length;
    bool prefix; /* the name is what channels begin with */
};

struct selection {
    atomic_uint references;
    uint16_t count;    /* with the client's channel, which is names[count - 1] */
    bool client_given; /* the client_id came from the client; else nobody can have sent to it before
                        */
    bool prefixes;     /* one of them at least is a prefix */
    struct selected names[];
};

/* names: 1 to SELECTION_MAX, checked and distinct, a prefix with its '*'. The bytes are copied.
 * NULL where there is no memory. */
struct selection *selection_new(const struct span *names, size_t count, struct span client_id,
                                bool client_given);

/* Any thread. */
struct selection *selection_ref(struct selection *selection);
void selection_unref(struct selection *selection);

/* The name without '*'; '@' and the client_id for the last. */
struct span selection_name(const struct selection *selection, size_t i);

static inline struct span selection_client_id(const struct selection *selection)
{
    struct span name = selection_name(selection, (size_t)selection->count - 1);
    return (struct span){name.p + 1, name.n - 1};
}

/* Whether the event's channel is one of them. */
bool selection_holds(const struct selection *selection, const struct event *event);

#endif
