/* What /proc tells of the server's process. Any thread. */
#ifndef FRESHET_BENCH_PROCESS_H
#define FRESHET_BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The process's own memory in bytes: its proportional set size. False if it cannot be read. */
bool process_pss(pid_t pid, uint64_t *bytes);

/* The CPU time in microseconds that all its threads have had, in user and in kernel; it moves in
 * steps of a clock tick (10 ms). False if it cannot be read. */
bool process_cpu(pid_t pid, uint64_t *us);

#endif
