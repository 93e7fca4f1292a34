/* A loop's pulse: whether its thread still turns, as another thread sees it. The watcher asks,
 * which wakes a loop that sleeps, and some time later looks whether a turn has begun since. A
 * thread that is stuck, in whatever, begins none. */
#ifndef FRESHET_NET_PULSE_H
#define FRESHET_NET_PULSE_H

#include "net/mailbox.h"

#include <stdbool.h>
#include <stdint.h>

struct pulse {
    struct mailbox *mailbox; /* of the loop, which asking wakes */
    _Atomic uint64_t turns;  /* the loop's thread counts */
    uint64_t asked;          /* the watcher's: turns when it asked */
};

/* No question is open. */
static inline void pulse_init(struct pulse *pulse, struct mailbox *mailbox)
{
    pulse->mailbox = mailbox;
    atomic_init(&pulse->turns, 1);
    pulse->asked = 0;
}

/* In every turn of the loop; its thread. */
static inline void pulse_turn(struct pulse *pulse)
{
    uint64_t turns = atomic_load_explicit(&pulse->turns, memory_order_relaxed);
    atomic_store_explicit(&pulse->turns, turns + 1, memory_order_relaxed);
}

/* The watcher's thread. */
static inline void pulse_ask(struct pulse *pulse)
{
    pulse->asked = atomic_load_explicit(&pulse->turns, memory_order_relaxed);
    mailbox_wake(pulse->mailbox);
}

static inline bool pulse_answered(const struct pulse *pulse)
{
    return atomic_load_explicit(&pulse->turns, memory_order_relaxed) != pulse->asked;
}

#endif
