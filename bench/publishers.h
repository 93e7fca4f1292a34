/* The connections that publish: each sends one event, waits for its answer, and sends the next.
 * Event n goes to channel n % channels; publisher p has the events n % publishers == p. */
#ifndef FRESHET_BENCH_PUBLISHERS_H
#define FRESHET_BENCH_PUBLISHERS_H

#include "histogram.h"
#include "options.h"
#include "payload.h"

#include <ev.h>

struct publisher;

struct publishers {
    const struct options *options;
    struct payload *payload;
    struct ev_loop *loop;
    struct publisher *all; /* options->publishers of them */
    ev_timer pace;
    uint64_t sent;     /* events whose sending has begun */
    uint64_t answered; /* events that the hub has taken */
    uint64_t due;      /* events that may have been sent by now */
    uint64_t started_ns;
    uint64_t newest_ns;       /* the newest answer */
    struct histogram answers; /* from sending to the answer */
    char failure[160];        /* what went wrong; empty: nothing. Nothing more is sent then. */
};

/* Begins to publish. payload has options->size and outlives the publishers. */
void publishers_open(struct publishers *publishers, const struct options *options,
                     struct payload *payload, struct ev_loop *loop);
void publishers_close(struct publishers *publishers);

/* Looks for answers outside the loop's turn. Whoever works long in one turn calls it between, so
 * that publishing waits for the hub and not for the generator. */
void publishers_poll(struct publishers *publishers);

#endif
