/* The processes that read: each has a part of the streams and a loop of its own, does what the
 * first process orders, and sends its tally back all the while. Both ways go over one socket, whose
 * messages are whole orders and whole tallies. */
#ifndef FRESHET_BENCH_CREW_H
#define FRESHET_BENCH_CREW_H

#include "bench/part.h"

struct crew_member;

struct crew {
    struct ev_loop *loop;
    struct crew_member *members; /* plan->processes of them */
    size_t count;
    struct tally sum;    /* of the newest tallies of all */
    uint64_t busiest_ns; /* the greatest CPU time of one of them since crew_mark */
    uint64_t orders;     /* given so far */
    char trouble[160];   /* a process ended that should not; empty: none */
};

/* Starts the processes. Before the caller makes its loop, which is given by crew_watch. False, with
 * trouble, if the system gives none. */
bool crew_start(struct crew *crew, const struct plan *plan, const struct payload *payload);

/* Takes tallies whenever they come. */
void crew_watch(struct crew *crew, struct ev_loop *loop);

/* Orders it of all (the number is set here), and waits until all have begun. */
void crew_order(struct crew *crew, struct part_order *order);

/* CPU time of the busiest is counted from here. */
void crew_mark(struct crew *crew);

/* Ends the processes and waits for them. */
void crew_end(struct crew *crew);

#endif
