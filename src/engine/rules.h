/* Rules: what is kept on channels by name, where that is not what the hub keeps on all others. A
 * table that never changes: each rule is for one channel or for a prefix, and for a channel counts
 * the longest that meets it; its own name is longer than every prefix. What that rule leaves out is
 * the hub's, never a shorter one's. Nothing but memory: no log, no tail. */
#ifndef FRESHET_ENGINE_RULES_H
#define FRESHET_ENGINE_RULES_H

#include "base/span.h"

#include <stdint.h>

enum { RULES_MAX = UINT16_MAX };

#define RULE_HUBS UINT64_MAX /* a member that the rule leaves out */

struct rule {
    struct span match; /* a channel's name, or what names begin with and '*' */
    uint64_t history;  /* events */
    uint64_t history_bytes;
    uint64_t ttl_ms;
};

struct rules;

/* The matches are distinct, count at most RULES_MAX; all is copied. NULL where there is no memory.
 */
struct rules *rules_new(const struct rule *given, size_t count);
/* NULL is allowed. */
void rules_free(struct rules *rules);

/* The number of the rule for a channel, by halving: 0 for none. rules may be NULL: there are none.
 * Names that begin with '@' meet no prefix. */
uint16_t rules_find(const struct rules *rules, struct span channel);

/* The rule of that number, with the hub's in place of what it leaves out; 0: the hub's. */
struct rule rules_get(const struct rules *rules, uint16_t number, struct rule hub);

#endif
