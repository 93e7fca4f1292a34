/* Where lines end: at CR, LF or CRLF. Each of the two is searched ahead once and remembered, so
 * that a text in which one of them never stands is still walked in linear time. For this module
 * alone. */
#ifndef FRESHET_SSE_LINES_H
#define FRESHET_SSE_LINES_H

#include <stddef.h>
#include <string.h>

struct lines {
    const char *end;
    const char *lf; /* the next of each at or after the last place asked for; else end */
    const char *cr;
};

static inline const char *lines_find(const char *p, const char *end, char c)
{
    const char *found = memchr(p, c, (size_t)(end - p));
    return found ? found : end;
}

static inline struct lines lines_from(const char *p, const char *end)
{
    return (struct lines){end, lines_find(p, end, '\n'), lines_find(p, end, '\r')};
}

/* The CR or LF that ends the line at p, or the text's end. p only moves forward. */
static inline const char *lines_stop(struct lines *lines, const char *p)
{
    if (lines->lf < p)
        lines->lf = lines_find(p, lines->end, '\n');
    if (lines->cr < p)
        lines->cr = lines_find(p, lines->end, '\r');
    return lines->lf < lines->cr ? lines->lf : lines->cr;
}

/* The byte after the line end at `stop`, which is not the text's end. */
static inline const char *lines_after(const struct lines *lines, const char *stop)
{
    return *stop == '\r' && stop + 1 < lines->end && stop[1] == '\n' ? stop + 2 : stop + 1;
}

#endif
