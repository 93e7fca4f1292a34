/* This machine's figures as Linux tells them. The parsers take the text of the files in /proc, so
 * that tests can give them any; figures_read takes them from the running machine. */
#ifndef FRESHET_EXAMPLES_FIGURES_H
#define FRESHET_EXAMPLES_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

/* Processor time since boot, over all cores, in the kernel's ticks. */
struct cpu_times {
    uint64_t busy;
    uint64_t total;
};

/* Bytes since boot, over all interfaces but lo. */
struct network_bytes {
    uint64_t sent;
    uint64_t received;
};

struct figures {
    struct cpu_times cpu;
    double memory_percent; /* what is not available to programs */
    double disk_percent;   /* of the file system at /, as df counts it */
    struct network_bytes network;
};

/* From /proc/stat, /proc/meminfo and /proc/net/dev; false if the text is not what they hold. */
bool figures_parse_cpu(const char *text, struct cpu_times *cpu);
bool figures_parse_memory(const char *text, double *percent);
bool figures_parse_network(const char *text, struct network_bytes *network);

/* How busy the processors were between two readings, 0 to 100; NAN where the kernel counted no time
 * between them, for then nobody knows. */
double figures_cpu_percent(struct cpu_times before, struct cpu_times after);

/* Reads all figures. False if something cannot be read: *broken is its name, static. */
bool figures_read(struct figures *figures, const char **broken);

#endif
