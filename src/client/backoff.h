/* How long to wait before the next attempt, so that clients which lost a server together do not
 * return together: full jitter, evenly from 0 to a bound that doubles with each failure. Any
 * thread. */
#ifndef FRESHET_CLIENT_BACKOFF_H
#define FRESHET_CLIENT_BACKOFF_H

#include <stdint.h>

/* The bound after so many failures in a row: base ms after the first, then twice as much each time,
 * up to most. 0 after none. */
uint64_t backoff_bound(uint64_t base, unsigned failures, uint64_t most);

/* Evenly from 0 to that bound, both included. */
uint64_t backoff_wait(uint64_t base, unsigned failures, uint64_t most);

#endif
