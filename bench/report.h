/* What a run has measured, and how it is printed. */
#ifndef FRESHET_BENCH_REPORT_H
#define FRESHET_BENCH_REPORT_H

#include "check.h"
#include "options.h"

/* Of the server's process; -1 where it was not, or could not be, measured. */
struct report_server {
    double connect_cpu_us;  /* CPU for each stream that was opened */
    double publish_cpu_us;  /* CPU for each event, where nobody is subscribed meanwhile */
    double delivery_cpu_us; /* CPU for each delivery, publishing included */
    double pss_before;      /* bytes: before anything was connected */
    double pss_idle;        /* with all streams open and idle */
    double pss_published;   /* with all published, and nobody subscribed */
    double pss_peak;        /* the most that was seen while publishing and delivering */
};

struct report {
    const struct options *options;
    const struct check *check;
    char failure[200]; /* what went wrong on the way; empty: nothing */
    bool complete;     /* the run was not given up */
    uint64_t open;     /* streams that were opened */
    uint64_t failed;   /* that were not */
    uint64_t ended;    /* that the hub ended */
    uint64_t gaps;
    uint64_t bytes;
    uint64_t answered;
    uint64_t expected; /* deliveries */
    double connect_seconds;
    double publish_seconds;
    double delivery_seconds; /* from the first event, or from the return, to the last delivery */
    uint64_t answer_p50_ns;
    uint64_t answer_p99_ns;
    struct report_server server;
};

/* Whether all went as it must: the exit status. */
bool report_good(const struct report *report);

/* On standard output. */
void report_print(const struct report *report);
void report_print_json(const struct report *report);

/* One line on a terminal's standard error, written over at each call; nothing elsewhere. An empty
 * one clears it. */
__attribute__((format(printf, 1, 2))) void report_progress(const char *format, ...);

#endif
