/* What a run has measured, and how it is printed. */
#ifndef FRESHET_BENCH_REPORT_H
#define FRESHET_BENCH_REPORT_H

#include "bench/plan.h"
#include "bench/tally.h"

/* Of the server's processes; -1 where it was not, or could not be, measured. */
struct report_server {
    double connect_cpu_us;  /* CPU for each stream that was opened */
    double publish_cpu_us;  /* CPU for each event; in a live run with its deliveries */
    double delivery_cpu_us; /* CPU for each delivery; in a live run with the publishing */
    double own_before;      /* bytes: before anything was connected */
    double own_idle;        /* with all streams open and idle */
    double own_published;   /* with all published, and nobody subscribed */
    double own_peak;        /* the most that was seen while publishing and delivering */
};

#define REPORT_SERVER_UNKNOWN ((struct report_server){-1, -1, -1, -1, -1, -1, -1})

struct report {
    const struct plan *plan;
    struct tally sum;  /* of all streams */
    char failure[256]; /* what went wrong on the way; empty: nothing */
    bool complete;     /* the run was not given up */
    uint64_t open;     /* streams that were opened */
    uint64_t failed;   /* that were not */
    uint64_t published, unanswered;
    uint64_t delivered, expected; /* deliveries, without those that came before everyone left */
    uint64_t delivered_bytes;
    double connect_seconds;
    double publish_seconds;
    double delivery_seconds; /* from the first event, or from the return, to the last delivery */
    struct histogram answers;
    struct report_server server;
    size_t processes;       /* of the server */
    double busiest_core;    /* the share of a core that the generator's busiest process had */
    double own_cpu_seconds; /* of all processes of the generator */
};

/* Whether all went as it must: the exit status. */
bool report_good(const struct report *report);

/* On standard output, as the plan wants it. */
void report_print(const struct report *report);
void report_print_json(const struct report *report); /* report_json.c */

/* For both ways of printing. */
double report_per(double value, double count); /* 0 of none */
/* The streams' memory, each; -1 where it was not measured. */
double report_bytes_per_stream(const struct report *report);
double report_bytes_per_channel(const struct report *report);

#endif
