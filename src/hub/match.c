/* The index of channels and prefixes. */
#include "hub/match.h"

#include "base/check.h"

static struct match_entry *find_in(struct match_entry *table, struct span name, uint64_t hash)
{
    struct match_entry *entry;
    HASH_FIND_BYHASHVALUE(hh, table, name.p, name.n, (unsigned)hash, entry);
    return entry;
}

struct match_entry *match_find(const struct match *match, struct span name, uint64_t hash,
                               bool prefix)
{
    return find_in(prefix ? match->prefixes : match->exact, name, hash);
}

bool match_add(struct match *match, struct match_entry *entry)
{
    CHECK(entry->name.n < 256);
    struct match_entry **table = entry->prefix ? &match->prefixes : &match->exact;
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, *table, entry->name.p, entry->name.n, (unsigned)entry->hash,
                                entry);
    if (!entry->hh.tbl)
        return false;
    if (entry->prefix) {
        match->by_length[entry->name.n]++;
        if (entry->name.n > match->longest)
            match->longest = (uint16_t)entry->name.n;
    }
    return true;
}

void match_remove(struct match *match, struct match_entry *entry)
{
    if (!entry->prefix) {
        HASH_DEL(match->exact, entry);
        return;
    }
    HASH_DEL(match->prefixes, entry);
    match->by_length[entry->name.n]--;
    while (match->longest && !match->by_length[match->longest])
        match->longest--;
}

void match_each(const struct match *match, struct span channel, uint64_t hash,
                match_visit_fn *visit, void *context)
{
    struct match_entry *entry = find_in(match->exact, channel, hash);
    if (entry)
        visit(context, entry);
    if (!match->prefixes || (channel.n && channel.p[0] == '@'))
        return;
    size_t longest = match->longest < channel.n ? match->longest : channel.n;
    for (size_t n = 0; n <= longest; n++) {
        if (!match->by_length[n])
            continue;
        entry = find_in(match->prefixes, (struct span){channel.p, n}, hash_bytes(channel.p, n));
        if (entry)
            visit(context, entry);
    }
}
