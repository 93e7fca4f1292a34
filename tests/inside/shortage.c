/* The allocator's seams. Other threads (a fuzzer has one) are let through uncounted. */
#include "shortage.h"

#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>

static _Thread_local struct {
    bool on, inside, exempt;
    uint64_t asked, failed, first, length;
    int64_t in_use;
} shortage;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *memory, size_t n);
void __real_free(void *memory);
void *__real_memory_new(size_t n);
void *__real_memory_resize(void *memory, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *memory, size_t n);
void __wrap_free(void *memory);
void *__wrap_memory_new(size_t n);
void *__wrap_memory_resize(void *memory, size_t n);

void shortage_begin(uint64_t first, uint64_t length)
{
    shortage.on = true;
    shortage.asked = shortage.failed = 0;
    shortage.first = first;
    shortage.length = length;
}

void shortage_end(void)
{
    shortage.on = false;
}

void shortage_inside(bool on)
{
    shortage.inside = on;
}

uint64_t shortage_asked(void)
{
    return shortage.asked;
}

uint64_t shortage_failed(void)
{
    return shortage.failed;
}

int64_t shortage_in_use(void)
{
    return shortage.in_use;
}

void shortage_init(void)
{
    json_set_alloc_funcs(__wrap_malloc, __wrap_free);
}

static bool fails(void)
{
    if (!shortage.on || !shortage.inside || shortage.exempt)
        return false;
    uint64_t number = ++shortage.asked;
    if (!shortage.first || number < shortage.first || number - shortage.first >= shortage.length)
        return false;
    shortage.failed++;
    errno = ENOMEM;
    return true;
}

static void *counted(void *memory)
{
    shortage.in_use += memory != NULL;
    return memory;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : counted(__real_malloc(n));
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : counted(__real_calloc(count, n));
}

void *__wrap_realloc(void *memory, size_t n)
{
    if (fails())
        return NULL;
    void *moved = __real_realloc(memory, n);
    return memory ? moved : counted(moved);
}

void __wrap_free(void *memory)
{
    shortage.in_use -= memory != NULL;
    __real_free(memory);
}

void *__wrap_memory_new(size_t n)
{
    shortage.exempt = true;
    void *memory = __real_memory_new(n);
    shortage.exempt = false;
    return memory;
}

void *__wrap_memory_resize(void *memory, size_t n)
{
    shortage.exempt = true;
    memory = __real_memory_resize(memory, n);
    shortage.exempt = false;
    return memory;
}
