/* Waiting between attempts. */
#include "client/backoff.h"

#include "base/hash.h"

uint64_t backoff_bound(uint64_t base, unsigned failures, uint64_t most)
{
    if (failures == 0)
        return 0;
    uint64_t bound = base < most ? base : most;
    while (--failures && bound < most && bound)
        bound = bound > most / 2 ? most : bound * 2;
    return bound;
}

uint64_t backoff_wait(uint64_t base, unsigned failures, uint64_t most)
{
    uint64_t bound = backoff_bound(base, failures, most);
    return random_below(bound < UINT32_MAX ? (uint32_t)bound + 1 : UINT32_MAX);
}
