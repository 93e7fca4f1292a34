/* Dismissals: few, so that the table's own order serves to find the old ones. */
#include "engine/dismissals.h"

#include <stdlib.h>

static void drop(struct dismissals *dismissals, struct dismissal *dismissal)
{
    HASH_DEL(dismissals->table, dismissal);
    free(dismissal);
}

void dismissals_fini(struct dismissals *dismissals)
{
    while (dismissals->table)
        drop(dismissals, dismissals->table);
}

static struct dismissal *find(const struct dismissals *dismissals, struct span name)
{
    struct dismissal *found;
    HASH_FIND(hh, dismissals->table, name.p, name.n, found);
    return found;
}

static void drop_expired(struct dismissals *dismissals, uint64_t now_ms)
{
    struct dismissal *dismissal, *next;
    HASH_ITER (hh, dismissals->table, dismissal, next)
        if (dismissal->until_ms <= now_ms)
            drop(dismissals, dismissal);
}

bool dismissals_add(struct dismissals *dismissals, struct span name, uint64_t until_ms,
                    uint64_t now_ms)
{
    struct dismissal *old = find(dismissals, name);
    if (old)
        drop(dismissals, old);
    while (dismissals->table && dismissals->table->until_ms <= now_ms)
        drop(dismissals, dismissals->table);
    if (HASH_COUNT(dismissals->table) >= DISMISSALS_MAX)
        drop_expired(dismissals, now_ms);
    if (HASH_COUNT(dismissals->table) >= DISMISSALS_MAX)
        drop(dismissals, dismissals->table);
    struct dismissal *added = calloc(1, sizeof *added + name.n);
    if (!added)
        return false;
    added->until_ms = until_ms;
    added->name_length = (uint16_t)name.n;
    memcpy(added->name, name.p, name.n);
    HASH_ADD_KEYPTR(hh, dismissals->table, added->name, name.n, added);
    if (added->hh.tbl)
        return true;
    free(added);
    return false;
}

bool dismissals_holds(const struct dismissals *dismissals, struct span name, uint64_t now_ms)
{
    const struct dismissal *found = dismissals->table ? find(dismissals, name) : NULL;
    return found && found->until_ms > now_ms;
}
