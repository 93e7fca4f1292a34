/* A page of the list of channels: asked for by a worker, filled by the log with names and history,
 * then by each worker in turn with its subscribers. Owned by whoever has it in hand. */
#ifndef FRESHET_ENGINE_LISTING_H
#define FRESHET_ENGINE_LISTING_H

#include "base/span.h"

#include <stdint.h>

enum { LISTING_MAX = 1000, LISTING_NAME_MAX = 255 };

struct listing_row {
    uint64_t first_id, last_id; /* of the kept events; 0 where there are none */
    uint32_t events;
    uint32_t named;       /* streams that ask for this very channel */
    uint32_t subscribers; /* and those that ask for a prefix of it as well */
    uint8_t length;
    char name[LISTING_NAME_MAX];
};

struct listing {
    uint32_t max, count;
    bool exact;       /* only the channel `after` */
    uint32_t counted; /* rows to which the worker that has it has added its streams */
    uint8_t after_length, prefix_length;
    char after[LISTING_NAME_MAX];  /* the page begins behind this name; moves on */
    char prefix[LISTING_NAME_MAX]; /* of all its names */
    struct listing_row rows[];
};

/* Room for max rows; names of up to LISTING_NAME_MAX bytes. NULL where there is no memory; freed
 * by free(). */
struct listing *listing_new(uint32_t max, struct span prefix, struct span after);

#endif
