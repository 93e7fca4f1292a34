/* Clients that are sent away for a while: until their time is over the log opens no stream for
 * them. One thread: the log's. Time comes in as monotonic ms. */
#ifndef FRESHET_ENGINE_DISMISSALS_H
#define FRESHET_ENGINE_DISMISSALS_H

#include "base/table.h"

#include "base/span.h"

#include <stdbool.h>

enum { DISMISSALS_MAX = 100000 };

struct dismissal {
    UT_hash_handle hh; /* in the order in which they were made */
    uint64_t until_ms;
    uint16_t name_length;
    char name[];
};

struct dismissals {
    struct dismissal *table;
};

void dismissals_fini(struct dismissals *dismissals);

/* name: '@' and the client_id. The latest word counts. With
 * DISMISSALS_MAX in force the oldest gives way. False where there is no memory. */
bool dismissals_add(struct dismissals *dismissals, struct span name, uint64_t until_ms,
                    uint64_t now_ms);

bool dismissals_holds(const struct dismissals *dismissals, struct span name, uint64_t now_ms);

#endif
