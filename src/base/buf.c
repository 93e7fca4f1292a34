/* The growing buffer. Doubles, so that appending costs amortized one copy. */
#include "base/buf.h"

#include "base/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_fini(struct buf *buf)
{
    free(buf->data);
    buf_init(buf, buf->max);
}

enum error buf_reserve(struct buf *buf, size_t n)
{
    if (n <= buf->cap - buf->len)
        return OK;
    if (n > buf->max - buf->len)
        return ERROR_TOO_LARGE;
    size_t need = buf->len + n;
    size_t cap = buf->cap < 64 ? 128 : buf->cap * 2;
    if (cap < need)
        cap = need;
    if (cap > buf->max)
        cap = buf->max;
    char *data = realloc(buf->data, cap);
    if (!data)
        return ERROR_NO_MEMORY;
    buf->data = data;
    buf->cap = cap;
    return OK;
}

enum error buf_append(struct buf *buf, const void *bytes, size_t n)
{
    enum error error = buf_reserve(buf, n);
    if (error)
        return error;
    if (n)
        memcpy(buf->data + buf->len, bytes, n);
    buf->len += n;
    return OK;
}

enum error buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    char text[512]; /* what is longer is made twice */
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    CHECK(n >= 0);
    enum error error = buf_reserve(buf, (size_t)n + 1);
    if (error)
        return error;
    if ((size_t)n < sizeof text) {
        memcpy(buf->data + buf->len, text, (size_t)n);
    } else {
        va_start(args, format);
        vsnprintf(buf->data + buf->len, (size_t)n + 1, format, args);
        va_end(args);
    }
    buf->len += (size_t)n;
    return OK;
}

void buf_consume(struct buf *buf, size_t n)
{
    CHECK(n <= buf->len);
    buf->len -= n;
    if (buf->len)
        memmove(buf->data, buf->data + n, buf->len);
}
