/* An index of channels and prefixes: which entries does a channel's name meet? One hash look-up for
 * the exact name and one for each length of prefix in use, however many prefixes there are. The
 * entry is embedded in what the owner keeps; this owns nothing but the tables. One thread. */
#ifndef FRESHET_HUB_MATCH_H
#define FRESHET_HUB_MATCH_H

#include "base/span.h"
#include "base/table.h"

#include <stdint.h>

struct match_entry {
    UT_hash_handle hh;
    struct span name; /* owned by whoever embeds the entry; unchanged while it is in the index */
    uint64_t hash;
    bool prefix;
};

struct match {
    struct match_entry *exact;
    struct match_entry *prefixes;
    uint32_t by_length[256]; /* how many prefixes have this length */
    uint16_t longest;        /* none is longer */
};

struct match_entry *match_find(const struct match *match, struct span name, uint64_t hash,
                               bool prefix);

/* entry's name, hash and prefix are set. False where there is no memory; then it is not in the
 * index. */
bool match_add(struct match *match, struct match_entry *entry);
void match_remove(struct match *match, struct match_entry *entry);

/* Calls visit for each entry that the channel meets: names that begin with '@' meet no prefix.
 * visit must not change the index. */
typedef void match_visit_fn(void *context, struct match_entry *entry);
void match_each(const struct match *match, struct span channel, uint64_t hash,
                match_visit_fn *visit, void *context);

#endif
