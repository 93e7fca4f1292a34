/* One run: opens streams to a hub, publishes, checks every delivery and measures. */
#ifndef FRESHET_BENCH_RUN_H
#define FRESHET_BENCH_RUN_H

#include "bench/plan.h"

/* Runs it, with a line of progress, and prints the report. The exit status: 0 if every event came
 * once and in order, 1 if not, 2 if it could not begin. */
int bench_run(const struct plan *plan);

#endif
