/* The streams of one process: many sockets that subscribe and read, and some that subscribe and
 * then never read again. Those that read come first; the stuck ones follow them. */
#ifndef FRESHET_BENCH_SUBSCRIBERS_H
#define FRESHET_BENCH_SUBSCRIBERS_H

#include "bench/check.h"
#include "bench/plan.h"

#include <ev.h>

struct subscriber;

struct subscribers {
    const struct plan *plan;
    struct check *check;
    struct tally *tally;
    struct ev_loop *loop;
    struct reader_rules rules;
    struct subscriber *all;
    size_t count;
    size_t readers;       /* of them; the rest are stuck */
    uint64_t first;       /* the number of the first reader among those of all processes */
    uint64_t first_stuck; /* and of the first stuck one */
    size_t begun;         /* connected or connecting, since the last open */
    size_t at_once;       /* may be on their way at the same time */
    struct buf request;   /* the one being sent */
    char *received;       /* the bytes being read */
    uint64_t receive_ns;  /* when they came */
};

/* `readers` from the number `first`, `stuck` from `first_stuck`. Nothing is connected yet. The
 * check, with its tally, and the payload that will be published outlive it. */
void subscribers_init(struct subscribers *subscribers, const struct plan *plan,
                      const struct payload *payload, struct check *check, struct ev_loop *loop);
void subscribers_fini(struct subscribers *subscribers);

/* Begins to open all streams, at_once at a time, each from the position it had; none is open. */
void subscribers_open(struct subscribers *subscribers, size_t at_once);

/* Closes all streams; each keeps its position. */
void subscribers_leave(struct subscribers *subscribers);

#endif
