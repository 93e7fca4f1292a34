/* What every unit test includes: cmocka with the headers that it wants before it, comparisons of
 * spans, and random numbers whose seed is printed (FRESHET_TEST_SEED repeats a run). */
#ifndef FRESHET_TESTS_UNIT_H
#define FRESHET_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/span.h"

#define assert_ok(call)           assert_string_equal(error_name(call), "OK")
#define assert_error(call, error) assert_string_equal(error_name(call), error_name(error))

/* `text` is a literal, which may hold NUL. */
#define assert_span(span, text) assert_spans((span), SPAN(text))

#define assert_spans(actual, expected) \
    unit_assert_spans((actual), (expected), #actual, __FILE__, __LINE__)

static inline void unit_assert_spans(struct span actual, struct span expected, const char *what,
                                     const char *file, int line)
{
    if (span_equal(actual, expected))
        return;
    print_error("%s is \"%.*s\" (%zu bytes), not \"%.*s\" (%zu bytes)\n", what, (int)actual.n,
                actual.p, actual.n, (int)expected.n, expected.p, expected.n);
    _fail(file, line);
}

static inline uint64_t unit_seed(void)
{
    const char *given = getenv("FRESHET_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    print_message("FRESHET_TEST_SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

/* Evenly from 0 to below `bound`; state is a seed at first. */
static inline size_t unit_random_below(uint64_t *state, size_t bound)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((z ^ z >> 31) % bound);
}

#endif
