/* What the system tells of the server's processes: those that were named, and their children,
 * theirs too. */
#ifndef FRESHET_BENCH_PROCESS_H
#define FRESHET_BENCH_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROCESSES_LOOKED_AT = 1024 };

struct processes {
    pid_t pids[PROCESSES_LOOKED_AT]; /* each once */
    size_t count;
};

/* The named ones and the children that they have now. False if one of the named does not exist, or
 * may not be looked at; *missing is which. */
bool processes_find(struct processes *processes, const pid_t *named, size_t count, pid_t *missing);

/* Their own memory in bytes: anonymous pages, and those that they share with each other counted
 * once. Not the files that they have mapped: what a library's page weighs changes with who else has
 * it. False if it cannot be read. */
bool processes_own(const struct processes *processes, uint64_t *bytes);

/* The CPU time in nanoseconds that all their threads have had, in user and in kernel, and that of
 * children that ended. False if it cannot be read. */
bool processes_cpu(const struct processes *processes, uint64_t *ns);

#endif
