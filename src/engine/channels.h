/* The channels that the log knows: each with its kept events, the workers that watch it, and the
 * newest id that was dropped there, which outlives the events for a day. Found by name (hash), and
 * by prefix: a tree by name whose nodes carry the greatest dropped id below them, so that "was
 * anything dropped after this position on any channel of that prefix?" is answered exactly and in a
 * few steps. One thread: the log's. */
#ifndef FRESHET_ENGINE_CHANNELS_H
#define FRESHET_ENGINE_CHANNELS_H

#include "base/table.h"
#include "hub/ring.h"

#include <sys/queue.h>

/* Up to which id something is dropped, and whether it was deleted rather than trimmed. */
struct trimmed {
    uint64_t id;
    bool deleted;
};

struct channel {
    UT_hash_handle hh;
    struct channel *left, *right, *parent; /* a treap: by name, heap by hash */
    uint64_t hash;
    struct trimmed trimmed; /* the newest dropped here, or the hub's floor when it was first seen */
    struct trimmed trimmed_max; /* the greatest of them in this subtree */
    struct ring ring;           /* the kept events */
    size_t bytes;
    uint64_t workers;  /* that watch it, a bit each */
    uint32_t expected; /* accepted events that are still to come */
    uint16_t name_length;
    bool idle;        /* is in the queue: no events, none expected, nobody watches */
    uint64_t idle_ms; /* wall clock; since when */
    TAILQ_ENTRY(channel) queue;
    char name[];
};

TAILQ_HEAD(channel_queue, channel);

struct channels {
    struct channel *table;
    struct channel *root;
    struct channel_queue idle; /* the longest so first */
    size_t count;
};

static inline struct span channel_name(const struct channel *channel)
{
    return (struct span){channel->name, channel->name_length};
}

void channels_init(struct channels *channels);
/* Drops the references to all events. */
void channels_fini(struct channels *channels);

struct channel *channels_find(const struct channels *channels, struct span name, uint64_t hash);

/* Makes it, idle, with that id as trimmed; there is none of that name. NULL where there is no
 * memory. */
struct channel *channels_add(struct channels *channels, struct span name, uint64_t hash,
                             uint64_t trimmed_to, uint64_t now_ms);

/* An idle one is forgotten. */
void channels_forget(struct channels *channels, struct channel *channel);

/* The first channel by name from this one on, or beyond it; NULL at the end. */
struct channel *channels_from(const struct channels *channels, struct span name);
struct channel *channels_beyond(const struct channels *channels, struct span name);

/* Into the queue of the idle or out of it, after its events, `workers` or `expected` changed. */
void channel_settle(struct channels *channels, struct channel *channel, uint64_t now_ms);

/* Adds a newest event (takes a reference); false where there is no memory. */
bool channel_push(struct channels *channels, struct channel *channel, struct event *event);
/* Takes out the oldest, whose reference the caller gets; it is trimmed. */
struct event *channel_pop(struct channels *channels, struct channel *channel, uint64_t now_ms);

/* Something is dropped up to this id. */
void channel_trim(struct channel *channel, uint64_t id, bool deleted);

/* The greatest of the channels with that prefix; id 0 if there are none. */
struct trimmed channels_trimmed(const struct channels *channels, struct span prefix);

#endif
