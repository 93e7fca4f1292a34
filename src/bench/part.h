/* The streams that one process has: a part of all, with their account. It does what it is ordered.
 * One thread. */
#ifndef FRESHET_BENCH_PART_H
#define FRESHET_BENCH_PART_H

#include "bench/subscribers.h"

enum part_deed {
    PART_OPEN,  /* open all streams, from where they were */
    PART_LEAVE, /* close them */
    PART_END    /* count what never came; nothing follows */
};

struct part_order {
    uint64_t number; /* counts up from 1 */
    enum part_deed deed;
    uint64_t at_once;  /* of PART_OPEN: streams being opened at the same time, in all processes */
    uint64_t since_ns; /* of PART_OPEN, if not 0: latency is counted from here where publishing was
                          earlier, and anew */
    uint64_t events;   /* of PART_END: how many were published */
};

struct part {
    const struct plan *plan;
    struct tally tally;
    struct check check;
    struct subscribers subscribers;
};

/* The part of number `index` of as many as the plan has processes. The plan, the payload and the
 * loop outlive it. */
void part_init(struct part *part, const struct plan *plan, const struct payload *payload,
               uint64_t index, struct ev_loop *loop);
void part_fini(struct part *part);

/* Begins to do it; the tally tells how far that is. */
void part_obey(struct part *part, const struct part_order *order);

#endif
