/* Durations counted in buckets that grow with them: every bucket is at most 1/32 of its value wide,
 * from a nanosecond to an hour. A fixed size, no allocation. */
#ifndef FRESHET_BENCH_HISTOGRAM_H
#define FRESHET_BENCH_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BUCKETS = 38 * 32 };

struct histogram {
    uint64_t count;
    uint64_t max_ns;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t ns);

/* Adds all that the other has counted. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);

/* How many took at most `ns`, as exactly as the buckets are. */
uint64_t histogram_up_to(const struct histogram *histogram, uint64_t ns);

/* The duration in nanoseconds that `part` (0 to 1) of all did not pass; 0 of none. */
uint64_t histogram_at(const struct histogram *histogram, double part);

#endif
