/* The wheel. A timeout is in the slot of its tick or, where that is further ahead than the wheel is
 * long, in the furthest slot, from where it is placed again. */
#include "net/wheel.h"

#include "base/check.h"

#include <string.h>

void wheel_init(struct wheel *wheel, uint64_t now_ms)
{
    for (int i = 0; i < WHEEL_SLOTS; i++)
        LIST_INIT(&wheel->slots[i]);
    memset(wheel->filled, 0, sizeof wheel->filled);
    wheel->tick = now_ms / WHEEL_TICK_MS;
    wheel->count = 0;
}

/* A timeout keeps the lower half of its time; it lies not so far from the wheel's own that the
 * upper could be another. */
static uint64_t due_of(const struct wheel *wheel, const struct timeout *timeout)
{
    uint64_t turned_ms = wheel->tick * WHEEL_TICK_MS;
    return turned_ms + (uint64_t)(int64_t)(int32_t)(timeout->due_ms - (uint32_t)turned_ms);
}

static void place(struct wheel *wheel, struct timeout *timeout)
{
    uint64_t tick = due_of(wheel, timeout) / WHEEL_TICK_MS + 1; /* late, never early */
    if (tick < wheel->tick)
        tick = wheel->tick;
    if (tick >= wheel->tick + WHEEL_SLOTS)
        tick = wheel->tick + WHEEL_SLOTS - 1;
    uint64_t slot = tick % WHEEL_SLOTS;
    timeout->placed = (uint16_t)(slot + 1);
    LIST_INSERT_HEAD(&wheel->slots[slot], timeout, slot);
    wheel->filled[slot / 64] |= UINT64_C(1) << slot % 64;
    wheel->count++;
}

void wheel_clear(struct wheel *wheel, struct timeout *timeout)
{
    if (!timeout->placed)
        return;
    uint64_t slot = timeout->placed - 1u;
    LIST_REMOVE(timeout, slot);
    if (LIST_EMPTY(&wheel->slots[slot]))
        wheel->filled[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    timeout->placed = 0;
    wheel->count--;
}

void wheel_set(struct wheel *wheel, struct timeout *timeout, uint64_t due_ms)
{
    bool moves = timeout->placed && due_ms >= due_of(wheel, timeout);
    timeout->due_ms = (uint32_t)due_ms;
    if (moves)
        return;
    wheel_clear(wheel, timeout);
    place(wheel, timeout);
}

struct timeout *wheel_next(struct wheel *wheel, uint64_t now_ms)
{
    uint64_t now = now_ms / WHEEL_TICK_MS;
    if (wheel->count == 0 && wheel->tick < now)
        wheel->tick = now;
    while (wheel->tick <= now) {
        struct timeout *timeout = LIST_FIRST(&wheel->slots[wheel->tick % WHEEL_SLOTS]);
        if (!timeout) {
            if (wheel->tick == now)
                return NULL;
            wheel->tick++;
            continue;
        }
        CHECK(timeout->placed);
        wheel_clear(wheel, timeout);
        if (due_of(wheel, timeout) <= now_ms)
            return timeout;
        place(wheel, timeout);
    }
    return NULL;
}

uint64_t wheel_delay(const struct wheel *wheel, uint64_t now_ms)
{
    if (wheel->count == 0)
        return UINT64_MAX;
    uint64_t tick = wheel->tick, rest;
    while (!(rest = wheel->filled[tick % WHEEL_SLOTS / 64] >> tick % 64))
        tick += 64 - tick % 64;
    uint64_t at = (tick + (uint64_t)__builtin_ctzll(rest)) * WHEEL_TICK_MS;
    return at > now_ms ? at - now_ms : 0;
}
