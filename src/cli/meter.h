/* How far a verb is, how fast, and how long it will take: the line of progress on a terminal and
 * the summary. Rates are smoothed over some seconds. One thread. */
#ifndef FRESHET_CLI_METER_H
#define FRESHET_CLI_METER_H

#include <stdbool.h>
#include <stdint.h>

enum { METER_INTERVAL_MS = 100 };

struct meter {
    uint64_t size;     /* bytes in all; 0: not known */
    uint64_t begun_at; /* monotonic ms, as all times */
    uint64_t shown_at;
    uint64_t events, bytes;         /* done, when it was shown */
    double events_rate, bytes_rate; /* a second */
};

void meter_init(struct meter *meter, uint64_t size, uint64_t now);

/* Shows a line, if it is time for one. where: the server, while it is waited for; else NULL. */
void meter_show(struct meter *meter, uint64_t events, uint64_t bytes, const char *waiting_for,
                uint64_t now);

/* `100,000 events in 1.2 s (83,000 a second)`; without the rate where it would be of nothing. */
struct summary {
    char text[120];
};
struct summary meter_summary(const struct meter *meter, uint64_t events, uint64_t now);

#endif
