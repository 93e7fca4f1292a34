/* The kept events of all channels in id order: to find what lies after a position, forwards and
 * backwards, and to drop the oldest. Events leave from the middle too (a channel's own limits), so
 * they lie in chunks; chunks that have become sparse are joined, and each step is bounded by a
 * chunk. Holds no references: whoever adds an event removes it before it goes. One thread: the
 * log's. */
#ifndef FRESHET_ENGINE_ORDER_H
#define FRESHET_ENGINE_ORDER_H

#include "hub/event.h"

struct order_chunk;

struct order {
    struct order_chunk **chunks;
    size_t count, capacity;
};

/* A place in the order; changed by every add and remove. */
struct order_place {
    size_t chunk;
    uint32_t at;
};

void order_fini(struct order *order);

/* The id is above all that are in. False where there is no memory. */
bool order_add(struct order *order, struct event *event);
/* It is in. */
void order_remove(struct order *order, const struct event *event);

/* The oldest event, NULL where there is none. */
struct event *order_oldest(const struct order *order);

/* The place before the first event with an id above `after`, or behind all. */
struct order_place order_seek(const struct order *order, uint64_t after);

/* The event at or behind the place, which moves beyond it; NULL at the end. */
struct event *order_forward(const struct order *order, struct order_place *place);
/* The event before the place, which moves in front of it; NULL at the beginning. */
struct event *order_backward(const struct order *order, struct order_place *place);

#endif
