/* Bytes that somebody else owns: a pointer and a length, never NUL-terminated. */
#ifndef FRESHET_BASE_SPAN_H
#define FRESHET_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct span {
    const char *p;
    size_t n;
};

/* For string literals: SPAN("text"). */
#define SPAN(literal) ((struct span){(literal), sizeof(literal) - 1})

static inline struct span span_from(const char *text)
{
    return (struct span){text, strlen(text)};
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII case is ignored, as in HTTP's field names. */
static inline bool span_equal_nocase(struct span a, struct span b)
{
    return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

static inline bool span_starts(struct span text, struct span prefix)
{
    return text.n >= prefix.n && (prefix.n == 0 || memcmp(text.p, prefix.p, prefix.n) == 0);
}

/* The order of bytes: below, at or above 0. */
static inline int span_compare(struct span a, struct span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* Cuts *text at the first `mark`: returns what stands before it and leaves what stands behind it.
 * Without a mark returns all and leaves nothing. */
static inline struct span span_cut(struct span *text, char mark)
{
    const char *at = text->n ? memchr(text->p, mark, text->n) : NULL;
    struct span before = {text->p, at ? (size_t)(at - text->p) : text->n};
    size_t used = before.n + (at != NULL);
    *text = (struct span){used ? text->p + used : text->p, text->n - used};
    return before;
}

#endif
