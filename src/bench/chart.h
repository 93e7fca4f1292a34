/* A histogram in a few rows, whose borders are round and grow with the durations. */
#ifndef FRESHET_BENCH_CHART_H
#define FRESHET_BENCH_CHART_H

#include "bench/histogram.h"

#include <stddef.h>

enum { CHART_ROWS_MAX = 12 };

struct chart_row {
    uint64_t up_to_ns;
    uint64_t count; /* above the row before, up to here */
};

/* As many rows as fit from the shortest to the longest; none of an empty histogram. */
size_t chart_make(const struct histogram *histogram, struct chart_row rows[CHART_ROWS_MAX]);

/* Prints the rows with bars, at most 79 columns wide. */
void chart_print(const struct histogram *histogram);

#endif
