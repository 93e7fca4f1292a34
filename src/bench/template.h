/* Texts with places for what differs from one request to the next: {channel}, its number {n},
 * {data} and {token}. Braces around anything but a word are text, so that JSON can be written as it
 * is. Pure. */
#ifndef FRESHET_BENCH_TEMPLATE_H
#define FRESHET_BENCH_TEMPLATE_H

#include "base/buf.h"

#include <stdint.h>

enum template_escape {
    TEMPLATE_PLAIN, /* values stand as they are */
    TEMPLATE_URL,   /* in a path or a query: escaped by %XX */
    TEMPLATE_FORM   /* application/x-www-form-urlencoded: a space is + */
};

/* A place whose value is not there (p is NULL) is left out. */
struct template_values {
    uint32_t number; /* {n} */
    struct span channel, data, token;
};

/* NULL, or what is wrong: a place that does not exist. */
const char *template_check(struct span text);

/* Appends the text with its values to `out`. Errors of buf. */
enum error template_write(struct buf *out, const char *text, const struct template_values *values,
                          enum template_escape escape);

#endif
