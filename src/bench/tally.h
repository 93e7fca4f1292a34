/* What the streams of one process have seen so far. Plain bytes, so that a process can send it to
 * another. */
#ifndef FRESHET_BENCH_TALLY_H
#define FRESHET_BENCH_TALLY_H

#include "bench/histogram.h"

#include <stdbool.h>

enum { TALLY_TROUBLE_MAX = 200 };

struct tally {
    uint64_t order;   /* the newest order that is carried out: see part.h */
    uint64_t open;    /* streams that opened, since the last order to open */
    uint64_t failed;  /* streams that did not */
    uint64_t ended;   /* open streams that the hub ended, but for stuck ones */
    uint64_t busy;    /* notices that the hub cannot take a subscriber */
    uint64_t gaps;    /* notices that something is missing */
    uint64_t foreign; /* events that are none of ours */
    uint64_t bytes;   /* that came, heads and framing included */

    uint64_t delivered;  /* events of ours that came, of whatever kind */
    uint64_t reached;    /* those that came in their place, or were passed over */
    uint64_t lost;       /* passed over; at the end also those still missing */
    uint64_t repeated;   /* came before */
    uint64_t disordered; /* came after a later one, or with an id that does not rise */
    uint64_t damaged;    /* came with other data than was published */
    uint64_t strayed;    /* of a channel that the stream did not ask for */

    uint64_t opened_ns; /* when the newest stream opened */
    uint64_t newest_ns; /* when the newest event came */
    uint64_t cpu_ns;    /* CPU time of the process */
    struct histogram latency;

    char trouble[TALLY_TROUBLE_MAX]; /* the first thing that went wrong; empty: nothing */
};

/* Adds all but `order`; the later times and the first trouble stay. */
void tally_add(struct tally *sum, const struct tally *other);

/* Nothing lost, repeated, disordered, damaged or astray, no gap, no stream ended or not opened. */
bool tally_clean(const struct tally *tally);

#endif
