/* The connections that publish: each sends one event, or a batch, waits for its answer, and sends
 * the next. Event n goes to channel n % channels; publisher p has the events n % publishers == p. A
 * connection that the hub closes between two requests is made again. */
#ifndef FRESHET_BENCH_PUBLISHERS_H
#define FRESHET_BENCH_PUBLISHERS_H

#include "bench/histogram.h"
#include "bench/payload.h"
#include "bench/plan.h"

#include <ev.h>

struct publisher;

struct publishers {
    const struct plan *plan;
    struct payload *payload;
    struct ev_loop *loop;
    struct publisher *all; /* plan->publishers of them; NULL while nothing is published */
    uint64_t from, to;     /* numbers of the events to publish */
    ev_timer pace;
    char *received;    /* the bytes of an answer being read */
    uint64_t sent;     /* events whose sending has begun */
    uint64_t answered; /* events that the hub has taken */
    uint64_t due;      /* events below this number may have been sent by now */
    uint64_t started_ns;
    uint64_t newest_ns;       /* the newest answer */
    struct histogram answers; /* from sending to the answer, counted by requests */
    char failure[240];        /* what went wrong; empty: nothing. Nothing more is sent then. */
};

/* Begins to publish the events from `from` up to before `to`; from is a multiple of the channels.
 * The payload has the plan's size and outlives the publishers. */
void publishers_open(struct publishers *publishers, const struct plan *plan,
                     struct payload *payload, struct ev_loop *loop, uint64_t from, uint64_t to);

/* The figures stay. */
void publishers_close(struct publishers *publishers);

#endif
