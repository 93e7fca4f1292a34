/* Who gets what: event n goes to channel n % channels, and each stream has some neighbouring
 * channels in the ring of all. Pure. */
#ifndef FRESHET_BENCH_LAYOUT_H
#define FRESHET_BENCH_LAYOUT_H

#include <stdint.h>

struct layout {
    uint32_t channels;   /* in all */
    uint32_t per_stream; /* channels of one stream */
    uint32_t stride;     /* from one stream's first channel to the next one's */
    uint64_t events;     /* published in all */
};

/* The first channel of a stream; its others follow, round the ring. */
static inline uint32_t layout_first_channel(const struct layout *layout, uint64_t stream)
{
    return (uint32_t)(stream * layout->stride % layout->channels);
}

/* How many events one channel gets. */
static inline uint64_t layout_published(const struct layout *layout, uint32_t channel)
{
    return layout->events / layout->channels + (channel < layout->events % layout->channels);
}

/* How many deliveries there must be on `count` streams from `stream`. */
static inline uint64_t layout_expected(const struct layout *layout, uint64_t stream, uint64_t count)
{
    uint64_t sum = 0;
    for (uint64_t i = stream; i < stream + count; i++)
        for (uint32_t j = 0; j < layout->per_stream; j++)
            sum +=
                layout_published(layout, (layout_first_channel(layout, i) + j) % layout->channels);
    return sum;
}

#endif
