/* What somebody at a terminal sees while a run goes on: one line on standard error, written over a
 * few times a second. Elsewhere nothing. */
#ifndef FRESHET_BENCH_VIEW_H
#define FRESHET_BENCH_VIEW_H

#include <stdint.h>

struct view {
    uint64_t open, streams;
    uint64_t published, events; /* events 0: nothing is being published */
    uint64_t delivered, expected;

    const char *phase;
    uint64_t begun_ns, shown_ns;
    double seconds; /* how long the phase lasts; 0: until all is done */
};

/* A phase begins. */
void view_begin(struct view *view, const char *phase, uint64_t now_ns, double seconds);

/* Shows how far it is, unless that was just shown. */
void view_tick(struct view *view, uint64_t now_ns);

/* Takes the line away. */
void view_end(struct view *view);

#endif
