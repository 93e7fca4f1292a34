/* Event ids and positions: 48 bits of Unix milliseconds and 16 of counter in one integer, made by a
 * hybrid logical clock. As text `<ms>-<n>`, both decimal. 0 is no event's id: before everything. */
#ifndef FRESHET_BASE_ID_H
#define FRESHET_BASE_ID_H

#include "base/error.h"
#include "base/span.h"

#include <stdint.h>

enum {
    ID_TEXT_MAX = 24, /* bytes of the longest text, without NUL */
    ID_COUNTER_BITS = 16,
};

#define ID_MS_MAX ((UINT64_C(1) << 48) - 1)

static inline uint64_t id_make(uint64_t ms, unsigned counter)
{
    return ms << ID_COUNTER_BITS | counter;
}

static inline uint64_t id_ms(uint64_t id)
{
    return id >> ID_COUNTER_BITS;
}

/* The id after `last` at the time now_ms: max(now, last + 1). More than 65,536 in one millisecond
 * borrow from the next; a clock that stepped back changes nothing. */
uint64_t id_next(uint64_t last, uint64_t now_ms);

/* Writes the text to out (ID_TEXT_MAX bytes, no NUL); returns its length. */
size_t id_format(uint64_t id, char *out);

/* The same with a NUL, for printf: id_text(id).text */
struct id_text {
    char text[ID_TEXT_MAX + 1];
};
struct id_text id_text(uint64_t id);

/* Reads exactly what id_format writes: no sign, no spaces, no leading zeros. ERROR_ID_SYNTAX. */
enum error id_parse(struct span text, uint64_t *id);

#endif
