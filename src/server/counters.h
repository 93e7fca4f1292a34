/* Counters: one table (metrics.def), one array a worker. Only its worker writes an array, anyone
 * reads: no lock and no locked instruction. */
#ifndef FRESHET_SERVER_COUNTERS_H
#define FRESHET_SERVER_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

enum metric {
#define METRIC(id, kind, name, labels, help) METRIC_##id,
#include "server/metrics.def"
#undef METRIC
    METRIC_COUNT
};

struct counters {
    _Atomic uint64_t values[METRIC_COUNT];
};

/* The worker's own thread. */
static inline void counter_add(struct counters *counters, enum metric metric, uint64_t n)
{
    _Atomic uint64_t *value = &counters->values[metric];
    atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static inline void counter_subtract(struct counters *counters, enum metric metric, uint64_t n)
{
    counter_add(counters, metric, UINT64_C(0) - n);
}

/* Any thread. */
static inline uint64_t counter_read(const struct counters *counters, enum metric metric)
{
    return atomic_load_explicit(&counters->values[metric], memory_order_relaxed);
}

#endif
