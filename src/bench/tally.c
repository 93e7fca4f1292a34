/* Counting what others have counted. */
#include "bench/tally.h"

#include <string.h>

static void keep_later(uint64_t *time, uint64_t other)
{
    if (other > *time)
        *time = other;
}

void tally_add(struct tally *sum, const struct tally *other)
{
    sum->open += other->open;
    sum->failed += other->failed;
    sum->ended += other->ended;
    sum->busy += other->busy;
    sum->gaps += other->gaps;
    sum->foreign += other->foreign;
    sum->bytes += other->bytes;
    sum->delivered += other->delivered;
    sum->reached += other->reached;
    sum->lost += other->lost;
    sum->repeated += other->repeated;
    sum->disordered += other->disordered;
    sum->damaged += other->damaged;
    sum->strayed += other->strayed;
    sum->cpu_ns += other->cpu_ns;
    keep_later(&sum->opened_ns, other->opened_ns);
    keep_later(&sum->newest_ns, other->newest_ns);
    histogram_merge(&sum->latency, &other->latency);
    if (!sum->trouble[0])
        memcpy(sum->trouble, other->trouble, sizeof sum->trouble);
}

bool tally_clean(const struct tally *tally)
{
    return !tally->lost && !tally->repeated && !tally->disordered && !tally->damaged &&
           !tally->strayed && !tally->gaps && !tally->busy && !tally->ended && !tally->failed;
}
