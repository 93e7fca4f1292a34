/* What the log has kept: every event as the engine put it into its history, in order. The tests'
 * truth, taken where the hub makes it (tail_append, by --wrap). */
#ifndef FRESHET_TESTS_JOURNAL_H
#define FRESHET_TESTS_JOURNAL_H

#include "base/span.h"

#include <stdint.h>

struct journal_entry {
    uint64_t id;
    char *channel, *type, *data; /* type: as a client sees it, "message" where there is none */
    size_t data_length;
};

/* Forgets all. */
void journal_clear(void);

size_t journal_count(void);
const struct journal_entry *journal_at(size_t i);

/* NULL: no such event. */
const struct journal_entry *journal_find(uint64_t id);

#endif
