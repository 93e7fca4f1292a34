/* The tail: the newest events in memory, by channel and in log order, within limits, the hub's or
 * those that a rule says for the channel. A storm of reconnects is answered from here; with the
 * memory engine it is all the history there is.
 *
 *     channels   metrics: e1 e4 e7     stocks:A: e2 e6     …       (channels.h)
 *     order      e1 e2 e4 e6 e7 …                                  (order.h)
 *
 * Invariant: an event is in both or in neither, but for those of deleted channels: their rings wait
 * in `graves` to be taken out of the order bit by bit, which comes before anything else is dropped.
 * So the oldest of the order is the oldest of its channel when there is no grave.
 *
 * New limits come into force in steps: a walk goes over all channels, and each keeps its former
 * ones until it is passed; of the memory no more is taken, and the rest is given back. One thread:
 * the log's. Pure but for memory: time comes in as a parameter (wall clock, ms). */
#ifndef FRESHET_ENGINE_TAIL_H
#define FRESHET_ENGINE_TAIL_H

#include "engine/channels.h"
#include "engine/order.h"
#include "engine/rules.h"
#include "hub/piece.h"
#include "hub/selection.h"

#include "base/error.h"

struct tail_limits {
    uint64_t history;       /* events kept a channel */
    uint64_t history_bytes; /* bytes kept a channel */
    uint64_t ttl_ms;        /* how long an event is kept */
    struct rules *rules;    /* where these three differ by channel; NULL: nowhere */
    uint64_t memory;        /* bytes of events kept in all */
    uint64_t channels;      /* known in all */
};

struct grave;
TAILQ_HEAD(grave_queue, grave);

struct tail {
    struct tail_limits limits, former; /* former: of channels that are still to be passed */
    struct tail_limits next;           /* asked for while those are under way */
    bool lap;                          /* a channel of this lap has its limits, else the former */
    bool walking, has_next;
    uint32_t walk_steps; /* of one tail_expire */
    struct channels channels;
    struct order order;
    uint64_t bytes;
    struct grave_queue graves;
    uint64_t floor; /* of channels that are not known: nothing is known before it */
};

/* How much one piece holds, and how many entries a search through the order may look at. */
struct tail_piece_limits {
    uint32_t events;
    size_t bytes;
    uint32_t steps;
};

/* Where a stream starts, as its subscriber says. */
enum start_kind {
    START_NONE,     /* nothing was said */
    START_EARLIEST, /* all that is kept */
    START_NEWEST,   /* value: how many */
    START_AFTER,    /* value: an id; all after it */
    START_TIME,     /* value: an id; as START_AFTER, but one ahead of the log is the log's head */
    START_UNKNOWN,  /* something that is no position */
};

struct start {
    enum start_kind position_kind; /* START_NONE, START_AFTER or START_UNKNOWN */
    uint64_t position;
    enum start_kind from_kind;
    uint64_t from;
};

/* Once a search is under way it goes on from step to step; zeroed before the first. */
struct tail_search {
    bool under_way;
    uint64_t head;    /* backwards: the log's, when it began */
    uint64_t reached; /* forwards: searched up to here; backwards: from here on */
    uint64_t found;   /* the oldest match so far */
    uint64_t matched;
};

/* The rules in limits are the tail's from then on. */
void tail_init(struct tail *tail, struct tail_limits limits, uint64_t birth);
void tail_fini(struct tail *tail);

/* Other limits, with rules that are the tail's from then on. tail_expire brings them into force;
 * asked for again before it is done, it does that next, the latest alone. */
void tail_set_limits(struct tail *tail, struct tail_limits limits);

/* Finds the channel or makes it known, as one of at most `max`; for which one that has long been
 * idle may be forgotten. ERROR_CHANNELS_FULL, ERROR_NO_MEMORY. */
enum error tail_channel(struct tail *tail, struct span name, uint64_t hash, uint64_t max,
                        uint64_t now_ms, struct channel **channel);

/* Keeps the event, whose id is above all others and which its channel expects, and drops what is
 * over the limits. Where there is no memory the oldest of all events go first, and at last the new
 * one itself is the newest dropped. */
void tail_append(struct tail *tail, struct channel *channel, struct event *event, uint64_t now_ms);

/* Frees some memory by dropping the oldest events; false if there is none left. */
bool tail_make_room(struct tail *tail, uint64_t now_ms);

/* Nobody reads the channel's events any more, if there is one of that name. */
void tail_forget(struct tail *tail, struct span name, uint64_t hash, uint64_t now_ms);

/* The channel is watched by these workers, a bit each. Where that leaves one that tells no more
 * than the floor it is gone. */
void tail_watched(struct tail *tail, struct channel *channel, uint64_t workers, uint64_t now_ms);

/* Drops what is older than the ttl, forgets channels that have been idle for a day and brings new
 * limits into force; a bounded step, true if there is more to do at once. */
bool tail_expire(struct tail *tail, uint64_t now_ms);

/* When tail_expire may have something to do next, wall clock ms; UINT64_MAX: never. Never late. */
uint64_t tail_next_expiry(const struct tail *tail);

/* Whether an event that is in the order is one of its channel's. */
bool tail_holds(const struct tail *tail, const struct event *event);

/* Everything up to this id is not in the tail (any more). */
uint64_t tail_gone_to(const struct tail *tail, uint64_t head);

/* Where a stream on these channels starts. False if the search is not at its end: call again with
 * the same search. *unknown: a position or from was no id or ahead of head. */
bool tail_start(const struct tail *tail, const struct selection *selection,
                const struct start *start, uint64_t head, uint32_t steps,
                struct tail_search *search, uint64_t *id, bool *unknown);

/* The next piece after a position: events, complete_to, trimmed_to. NULL: no memory. */
struct piece *tail_read(const struct tail *tail, const struct selection *selection, uint64_t after,
                        uint64_t head, struct tail_piece_limits limits);

#endif
