/* The hub against the naive model (model.h) as its readers (view.h) and its publishers (intake.h)
 * see it. The real log and the real windows and subscriptions of a few workers, composed in one
 * thread without a socket or a loop: what travels between them lies in queues and arrives at random
 * moments, the store accepts and refuses and sockets take at random, and every limit is tiny.
 *
 *     SEED=… STEPS=… test-hub-model      repeats a run
 */
#include "sim.h"

#include "base/hash.h"
#include "trace.h"

#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EPISODE = 10000, REST = 2000 };

/* The hash's key comes from here too, so that a seed repeats everything. */
static uint64_t key_state;

static uint32_t key_random(void)
{
    key_state = key_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(key_state >> 32);
}

static void key_bytes(void *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)out)[i] = (unsigned char)(key_random() >> 24);
}

static const char *hash_key_name(void)
{
    return "test";
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void on_end(int signal_number)
{
    signal(signal_number, SIG_DFL);
    trace_print();
    raise(signal_number);
}

int main(void)
{
    static struct randombytes_implementation source = {
        .implementation_name = hash_key_name, .random = key_random, .buf = key_bytes};
    static struct sim sim;
    uint64_t seed = number_from("SEED", number_from("FRESHET_TEST_SEED", (uint64_t)time(NULL)));
    uint64_t steps = number_from("STEPS", getenv("FRESHET_LIGHT") ? 200000 : 1000000);
    printf("SEED=%llu STEPS=%llu\n", (unsigned long long)seed, (unsigned long long)steps);
    fflush(stdout);
    signal(SIGABRT, on_end);
#ifndef __SANITIZE_ADDRESS__ /* it says more */
    signal(SIGSEGV, on_end);
#endif
    key_state = seed;
    randombytes_set_implementation(&source);
    hash_init();
    sim.random = seed;
    while (sim.step < steps) {
        sim_begin(&sim);
        for (int i = 1; i <= EPISODE && sim.step < steps; i++) {
            sim_step(&sim);
            if (i % REST == 0)
                sim_rest(&sim);
        }
        sim_rest(&sim);
        sim_end(&sim);
    }
    sim_print_figures(&sim);
    return 0;
}
