/* CHECK: an invariant of our own. Stays on in every build; a false one is a bug in the hub and
 * stops it with the place and the condition. Never for input. */
#ifndef FRESHET_BASE_CHECK_H
#define FRESHET_BASE_CHECK_H

#include <stddef.h>

#define CHECK(condition) \
    ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__, __func__))

__attribute__((noreturn)) void check_failed(const char *condition, const char *file, int line,
                                            const char *function);

/* The struct that embeds `member` at `pointer`. */
#define CONTAINER_OF(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Memory without which the hub cannot go on: few and small pieces that strangers cannot make large.
 * Never NULL: where there is none, the hub stops and says so. memory_new gives zeroed bytes. */
void *memory_new(size_t n);
void *memory_resize(void *memory, size_t n);

#endif
