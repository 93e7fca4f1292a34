/* What a stream says, held to the promises as it is read: ids rise, events are the journal's,
 * notices are well made; and where the names are known, nothing that was owed before a position is
 * missing there. */
#ifndef FRESHET_TESTS_SIGHT_H
#define FRESHET_TESTS_SIGHT_H

#include "base/buf.h"
#include "journal.h"

enum { SIGHT_NAMES_MAX = 8 };

/* How its events are rendered. */
enum sight_form { SIGHT_PLAIN, SIGHT_ENVELOPE, SIGHT_EITHER };

struct gap_notice {
    uint64_t after, until;
    uint32_t names; /* a bit each */
    char reason[16];
};

struct sight {
    const char *names[SIGHT_NAMES_MAX + 1]; /* "name", "prefix*", "@client"; none: not known */
    enum sight_form form;
    bool stands;              /* it has a position */
    uint64_t start, position; /* where it began; all up to here is settled */
    struct buf ids;           /* of the events, uint64_t each */
    struct buf gaps;          /* struct gap_notice each */
    unsigned busy, greeted;   /* notices of these kinds */
    uint64_t retry;
    const char *why; /* what was wrong first */
};

void sight_init(struct sight *sight, const char *const *names);
void sight_fini(struct sight *sight);

/* Reads the body of one stream, as much of it as there is. Its position goes on from the stream
 * before. */
void sight_read(struct sight *sight, struct span body);

/* An event of the journal that it should have up to that id, and has not, nor a gap. NULL: none. */
const struct journal_entry *sight_owed(const struct sight *sight, uint64_t up_to);

static inline size_t sight_events(const struct sight *sight)
{
    return sight->ids.len / sizeof(uint64_t);
}

static inline size_t sight_gaps(const struct sight *sight)
{
    return sight->gaps.len / sizeof(struct gap_notice);
}

static inline const struct gap_notice *sight_gap(const struct sight *sight, size_t i)
{
    return (const struct gap_notice *)(void *)sight->gaps.data + i;
}

#endif
