/* What happens when an invariant breaks, or the last small piece of memory is not to be had. */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *condition, const char *file, int line, const char *function)
{
    fprintf(stderr, "freshet: a bug: %s does not hold in %s (%s:%d)\n", condition, function, file,
            line);
    abort();
}

static void *stop_without(void *memory)
{
    if (!memory) {
        fputs("freshet: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *memory_new(size_t n)
{
    return stop_without(calloc(1, n));
}

void *memory_resize(void *memory, size_t n)
{
    return stop_without(realloc(memory, n));
}
