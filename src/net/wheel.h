/* A timer wheel: many timeouts, each one place in a list and no heap. A turn of the wheel is
 * precise to WHEEL_TICK_MS, late, never early. Moving a timeout that is later than the wheel looks
 * ahead costs nothing until its slot comes round. One thread. Time comes in: monotonic ms. */
#ifndef FRESHET_NET_WHEEL_H
#define FRESHET_NET_WHEEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum { WHEEL_TICK_MS = 64, WHEEL_SLOTS = 512, WHEEL_AHEAD_MS = INT32_MAX };

/* Embedded in what times out, which there may be many of; zeroed when new. */
struct timeout {
    LIST_ENTRY(timeout) slot;
    uint32_t due_ms; /* wraps: see wheel.c */
    uint16_t placed; /* the number of its slot, plus one; 0: not set */
};

LIST_HEAD(timeout_list, timeout);

struct wheel {
    struct timeout_list slots[WHEEL_SLOTS];
    uint64_t filled[WHEEL_SLOTS / 64]; /* a bit for each slot that holds something */
    uint64_t tick;                     /* all before it have come round */
    uint64_t count;
};

void wheel_init(struct wheel *wheel, uint64_t now_ms);

/* Sets the timeout, or moves it; to a later time it moves by itself when its slot comes round. Due
 * within WHEEL_AHEAD_MS. */
void wheel_set(struct wheel *wheel, struct timeout *timeout, uint64_t due_ms);
void wheel_clear(struct wheel *wheel, struct timeout *timeout);

/* Takes out a timeout that is due, NULL if none is; the caller may set and clear any meanwhile. */
struct timeout *wheel_next(struct wheel *wheel, uint64_t now_ms);

/* When wheel_next may have something, as a delay from now; UINT64_MAX: nothing is set. */
uint64_t wheel_delay(const struct wheel *wheel, uint64_t now_ms);

#endif
