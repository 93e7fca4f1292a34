/* Chunks of events in id order.
 * Invariant: ids rise within a chunk and from chunk to chunk, those of removed events (NULL)
 * included; no chunk but the last is without a live event. */
#include "engine/order.h"

#include "base/check.h"

#include <stdlib.h>

enum { CHUNK = 512, SPARSE = CHUNK / 4 };

struct order_chunk {
    uint32_t used, live;
    uint64_t ids[CHUNK];
    struct event *events[CHUNK];
};

void order_fini(struct order *order)
{
    for (size_t i = 0; i < order->count; i++)
        free(order->chunks[i]);
    free(order->chunks);
    *order = (struct order){0};
}

static struct order_chunk *add_chunk(struct order *order)
{
    if (order->count == order->capacity) {
        size_t capacity = order->capacity ? order->capacity * 2 : 16;
        struct order_chunk **chunks = realloc(order->chunks, capacity * sizeof *chunks);
        if (!chunks)
            return NULL;
        order->chunks = chunks;
        order->capacity = capacity;
    }
    struct order_chunk *chunk = calloc(1, sizeof *chunk);
    if (chunk)
        order->chunks[order->count++] = chunk;
    return chunk;
}

bool order_add(struct order *order, struct event *event)
{
    struct order_chunk *last = order->count ? order->chunks[order->count - 1] : NULL;
    CHECK(!last || last->used == 0 || last->ids[last->used - 1] < event->id);
    if (!last || last->used == CHUNK)
        last = add_chunk(order);
    if (!last)
        return false;
    last->ids[last->used] = event->id;
    last->events[last->used++] = event;
    last->live++;
    return true;
}

/* The first place in a chunk whose id is above `after`. */
static uint32_t above(const struct order_chunk *chunk, uint64_t after)
{
    uint32_t low = 0, high = chunk->used;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (chunk->ids[middle] <= after)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct order_place order_seek(const struct order *order, uint64_t after)
{
    size_t low = 0, high = order->count; /* the first chunk whose last id is above `after` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct order_chunk *chunk = order->chunks[middle];
        if (chunk->used == 0 || chunk->ids[chunk->used - 1] > after)
            high = middle;
        else
            low = middle + 1;
    }
    return (struct order_place){low, low < order->count ? above(order->chunks[low], after) : 0};
}

static void drop_chunk(struct order *order, size_t i)
{
    free(order->chunks[i]);
    order->count--;
    memmove(order->chunks + i, order->chunks + i + 1, (order->count - i) * sizeof *order->chunks);
}

static void squeeze(struct order_chunk *chunk)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < chunk->used; i++)
        if (chunk->events[i]) {
            chunk->ids[live] = chunk->ids[i];
            chunk->events[live++] = chunk->events[i];
        }
    chunk->used = live;
}

/* Joins the chunk with the next one where both fit into one. The last chunk is left to fill up. */
static void join_next(struct order *order, size_t i)
{
    if (i + 2 >= order->count)
        return;
    struct order_chunk *chunk = order->chunks[i], *next = order->chunks[i + 1];
    if (chunk->live + next->live > CHUNK / 2)
        return;
    squeeze(chunk);
    squeeze(next);
    memcpy(chunk->ids + chunk->used, next->ids, next->used * sizeof *next->ids);
    memcpy(chunk->events + chunk->used, next->events, next->used * sizeof(struct event *));
    chunk->used += next->used;
    chunk->live += next->live;
    drop_chunk(order, i + 1);
}

void order_remove(struct order *order, const struct event *event)
{
    struct order_place place = order_seek(order, event->id - 1);
    CHECK(place.chunk < order->count);
    struct order_chunk *chunk = order->chunks[place.chunk];
    CHECK(chunk->events[place.at] == event);
    chunk->events[place.at] = NULL;
    chunk->live--;
    if (chunk->live == 0) {
        drop_chunk(order, place.chunk);
    } else if (chunk->live < SPARSE) {
        join_next(order, place.chunk);
        if (place.chunk > 0) /* which became sparse before this one, as the oldest mostly do */
            join_next(order, place.chunk - 1);
    }
}

struct event *order_oldest(const struct order *order)
{
    struct order_place place = {0};
    return order_forward(order, &place);
}

struct event *order_forward(const struct order *order, struct order_place *place)
{
    for (; place->chunk < order->count; place->chunk++, place->at = 0) {
        const struct order_chunk *chunk = order->chunks[place->chunk];
        while (place->at < chunk->used) {
            struct event *event = chunk->events[place->at++];
            if (event)
                return event;
        }
    }
    return NULL;
}

struct event *order_backward(const struct order *order, struct order_place *place)
{
    for (;;) {
        while (place->at > 0) {
            struct event *event = order->chunks[place->chunk]->events[--place->at];
            if (event)
                return event;
        }
        if (place->chunk == 0)
            return NULL;
        place->at = order->chunks[--place->chunk]->used;
    }
}
