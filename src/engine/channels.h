/* The channels that the log knows: each with its kept events, and the newest id that was dropped
 * there, which outlives the events for a day. Found by name (hash), and by prefix: a tree by name
 * whose nodes carry the greatest dropped id below them, so that "was anything dropped after this
 * position on any channel of that prefix?" is answered exactly and in a few steps. One thread: the
 * log's. */
#ifndef FRESHET_ENGINE_CHANNELS_H
#define FRESHET_ENGINE_CHANNELS_H

#include "base/table.h"
#include "hub/ring.h"

#include <sys/queue.h>

struct channel {
    UT_hash_handle hh;
    struct channel *left, *right, *parent; /* a treap: by name, heap by hash */
    uint64_t hash;
    uint64_t trimmed_to; /* the newest id dropped here, or the hub's floor when it was first seen */
    uint64_t trimmed_max; /* the greatest trimmed_to in this subtree */
    struct ring ring;     /* the kept events */
    uint16_t name_length;
    size_t bytes;
    uint64_t emptied_ms; /* wall clock; while it has no events */
    TAILQ_ENTRY(channel) empty;
    char name[];
};

TAILQ_HEAD(channel_queue, channel);

struct channels {
    struct channel *table;
    struct channel *root;
    struct channel_queue empty; /* without events, the longest so first */
    size_t count;
};

void channels_init(struct channels *channels);
/* Drops the references to all events. */
void channels_fini(struct channels *channels);

struct channel *channels_find(const struct channels *channels, struct span name, uint64_t hash);

/* Finds or makes it, empty, with that trimmed_to. NULL where there is no memory. */
struct channel *channels_get(struct channels *channels, struct span name, uint64_t hash,
                             uint64_t trimmed_to, uint64_t now_ms);

/* An empty one is forgotten. */
void channels_forget(struct channels *channels, struct channel *channel);

/* Adds a newest event (takes a reference); false where there is no memory. */
bool channel_push(struct channels *channels, struct channel *channel, struct event *event);
/* Takes out the oldest, whose reference the caller gets; trimmed_to rises to it. */
struct event *channel_pop(struct channels *channels, struct channel *channel, uint64_t now_ms);

/* The greatest trimmed_to of the channels with that prefix; 0 if there are none. */
uint64_t channels_trimmed(const struct channels *channels, struct span prefix);

#endif
