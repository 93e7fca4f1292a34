/* Values below 32 have a bucket each; above, each power of two is cut into 32 equal ones. */
#include "bench/histogram.h"

enum { CUT_BITS = 5, CUTS = 1 << CUT_BITS };

static unsigned bucket_of(uint64_t ns)
{
    if (ns < CUTS)
        return (unsigned)ns;
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - CUT_BITS;
    unsigned bucket = (shift << CUT_BITS) + (unsigned)(ns >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The largest duration that falls into a bucket. */
static uint64_t bucket_end(unsigned bucket)
{
    if (bucket < CUTS)
        return bucket;
    unsigned shift = (bucket >> CUT_BITS) - 1;
    uint64_t front = CUTS + (bucket & (CUTS - 1));
    return ((front + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
    histogram->count++;
    if (ns > histogram->max_ns)
        histogram->max_ns = ns;
    histogram->buckets[bucket_of(ns)]++;
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    histogram->count += other->count;
    if (other->max_ns > histogram->max_ns)
        histogram->max_ns = other->max_ns;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->buckets[i] += other->buckets[i];
}

uint64_t histogram_up_to(const struct histogram *histogram, uint64_t ns)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS && bucket_end(i) <= ns; i++)
        sum += histogram->buckets[i];
    return ns >= histogram->max_ns ? histogram->count : sum;
}

uint64_t histogram_at(const struct histogram *histogram, double part)
{
    uint64_t wanted = (uint64_t)(part * (double)histogram->count + 0.5);
    uint64_t sum = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        sum += histogram->buckets[i];
        if (sum && sum >= wanted)
            return bucket_end(i) < histogram->max_ns ? bucket_end(i) : histogram->max_ns;
    }
    return histogram->max_ns;
}
