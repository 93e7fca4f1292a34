/* The channels that the log knows: each with its kept events, the workers that watch it, and the
 * newest id that was dropped there, which outlives the events for a day. Found by name (hash), and
 * by prefix: a tree by name whose nodes carry the greatest dropped id below them, so that "was
 * anything dropped after this position on any channel of that prefix?" is answered exactly and in a
 * few steps. The same tree finds the channel whose events are the first that may expire, whatever
 * each channel's ttl is. One thread: the log's. */
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
    struct trimmed trimmed; /* the newest dropped here, or the hub's floor when it was first seen */
    struct trimmed trimmed_max; /* the greatest of them in this subtree */
    uint64_t due_min;           /* the least due_ms in it of those that have events */
    union {                     /* wall clock */
        uint64_t due_ms;        /* it has events, and none expires before */
        uint64_t idle_ms;       /* it is idle: since when */
    };
    struct ring ring; /* the kept events */
    size_t bytes;
    uint64_t hash;
    uint64_t workers; /* that watch it, a bit each */
    TAILQ_ENTRY(channel) queue;
    uint32_t expected; /* accepted events that are still to come */
    uint16_t rule;     /* its number (rules.h) */
    uint8_t name_length;
    bool idle : 1; /* is in the queue: no events, none expected, nobody watches */
    bool lap : 1;  /* whose rules these are (tail.h) */
    char name[];
};

TAILQ_HEAD(channel_queue, channel);

struct channels {
    struct channel *table;
    struct channel *root;
    struct channel_queue idle; /* the longest so first */
    struct channel *walk;      /* what a walk over all comes to next; NULL: it is at its end */
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

/* A walk over all that there are comes by each, whichever come and go meanwhile. */
void channels_walk(struct channels *channels);
void channels_walk_on(struct channels *channels);

/* Adds a newest event (takes a reference), which expires then; false where there is no memory. */
bool channel_push(struct channels *channels, struct channel *channel, struct event *event,
                  uint64_t expires_ms);
/* Takes out the oldest, whose reference the caller gets; it is trimmed. */
struct event *channel_pop(struct channels *channels, struct channel *channel, uint64_t now_ms);

/* Something is dropped up to this id. */
void channel_trim(struct channel *channel, uint64_t id, bool deleted);

/* It has events, of which none expires before. What leaves a channel does not change that, so that
 * a busy one need not say it each time; who comes to look says it anew. */
void channel_due(struct channel *channel, uint64_t due_ms);
/* When one has to be looked at, UINT64_MAX: never; and which (there is one). */
uint64_t channels_next_due(const struct channels *channels);
struct channel *channels_first_due(const struct channels *channels);

/* The greatest of the channels with that prefix; id 0 if there are none. */
struct trimmed channels_trimmed(const struct channels *channels, struct span prefix);

#endif
