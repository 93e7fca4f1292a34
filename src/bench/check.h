/* The account of every delivery: each stream must see each event of its channels once and in order.
 * A late event within the newest 64 of its channel is told apart from a repeated one. */
#ifndef FRESHET_BENCH_CHECK_H
#define FRESHET_BENCH_CHECK_H

#include "bench/layout.h"
#include "bench/reader.h"
#include "bench/tally.h"

struct check_cursor;

struct check {
    const struct layout *layout;
    struct tally *tally;
    uint64_t first;    /* the number of the first stream in its account */
    uint64_t streams;  /* and how many follow it */
    uint64_t since_ns; /* latency is counted from here where publishing was earlier */
    struct check_cursor *cursors;
};

/* The layout and the tally outlive it. */
void check_init(struct check *check, const struct layout *layout, struct tally *tally,
                uint64_t first, uint64_t streams);
void check_fini(struct check *check);

/* The stream of this number got an event at now_ns. */
void check_take(struct check *check, uint64_t stream, const struct reader_event *event,
                uint64_t now_ns);

/* After the last delivery: counts what never came of the first `events` that were published. */
void check_finish(struct check *check, uint64_t events);

#endif
