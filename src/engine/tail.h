/* The tail: the newest events in memory, by channel and in log order, within limits. A storm of
 * reconnects is answered from here; with the memory engine it is all the history there is.
 *
 *     channels   metrics: e1 e4 e7     stocks:A: e2 e6     …       (channels.h)
 *     order      e1 e2 e4 e6 e7 …                                  (order.h)
 *
 * Invariant: an event is in both or in neither; so the oldest of the order is the oldest of its
 * channel. One thread: the log's. Pure but for memory: time comes in as a parameter (wall clock,
 * ms). */
#ifndef FRESHET_ENGINE_TAIL_H
#define FRESHET_ENGINE_TAIL_H

#include "engine/channels.h"
#include "engine/order.h"
#include "hub/piece.h"
#include "hub/selection.h"

#include "base/error.h"

struct tail_limits {
    uint64_t history;       /* events kept a channel */
    uint64_t history_bytes; /* bytes kept a channel */
    uint64_t ttl_ms;        /* how long an event is kept */
    uint64_t memory;        /* bytes of events kept in all */
};

struct tail {
    struct tail_limits limits;
    struct channels channels;
    struct order order;
    uint64_t bytes;
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

void tail_init(struct tail *tail, struct tail_limits limits, uint64_t birth);
void tail_fini(struct tail *tail);

/* Keeps the event, whose id is above all others, and drops what is over the limits.
 * ERROR_NO_MEMORY: then nothing is changed. */
enum error tail_append(struct tail *tail, struct event *event, uint64_t now_ms);

/* Drops what is older than the ttl and forgets channels that have been empty for a day; a bounded
 * step, true if there is more to do at once. */
bool tail_expire(struct tail *tail, uint64_t now_ms);

/* When tail_expire has something to do next, wall clock ms; UINT64_MAX: never. */
uint64_t tail_next_expiry(const struct tail *tail);

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
