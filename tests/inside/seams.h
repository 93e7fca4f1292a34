/* What the hub stands on, given by a test: its clocks and timers, reading and writing, and the main
 * thread's sums. The linker puts these in place of the real ones (--wrap, see meson.build); they
 * touch only descriptors that seams_socket has named. One hub at a time, one thread. */
#ifndef FRESHET_TESTS_SEAMS_H
#define FRESHET_TESTS_SEAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How sockets behave: as `seed` draws. */
struct weather {
    uint64_t seed;
    size_t most;    /* one call moves at most so many bytes, drawn from 1 to it; 0: all */
    unsigned again; /* one call in so many finds the socket not ready; 0: none */
};

/* Fair weather, no timers, no time passed. */
void seams_init(void);
void seams_weather(struct weather weather);

/* This descriptor is the hub's end of a connection. */
void seams_socket(int fd);

/* From now on every read and write on it fails with ECONNRESET. */
void seams_reset(int fd);

/* Time stands still but for this; timers that are due ring at the loops' next turn. */
void seams_pass(uint64_t ms);

/* Grows with each read, write, mail and ring: while it grows, something moves. */
uint64_t seams_moves(void);

/* Some loop has said that it has more to do at once. */
bool seams_busy(void);

#endif
