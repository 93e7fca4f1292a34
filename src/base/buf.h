/* A buffer that grows up to a maximum which is set when it is made.
 * Invariant: len <= cap <= max; data is NULL while cap is 0. Owned by one thread. */
#ifndef FRESHET_BASE_BUF_H
#define FRESHET_BASE_BUF_H

#include "base/error.h"
#include "base/span.h"

struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
};

/* Empty, allocates nothing. max: bytes it may ever hold. */
void buf_init(struct buf *buf, size_t max);

/* Frees the bytes; the buffer is empty again and may be used on. */
void buf_fini(struct buf *buf);

/* Makes room for n more bytes. ERROR_TOO_LARGE beyond max, ERROR_NO_MEMORY; unchanged on error. */
enum error buf_reserve(struct buf *buf, size_t n);

/* Copies n bytes to the end; all or nothing. Errors as buf_reserve. */
enum error buf_append(struct buf *buf, const void *bytes, size_t n);

/* printf to the end; all or nothing. Needs one byte more than it adds. Errors as buf_reserve. */
__attribute__((format(printf, 2, 3))) enum error buf_printf(struct buf *buf, const char *format,
                                                            ...);

/* Drops the first n bytes (n <= len); the rest moves to the front. */
void buf_consume(struct buf *buf, size_t n);

/* Never NULL, so that whoever walks it need not mind an empty one. */
static inline struct span buf_span(const struct buf *buf)
{
    return (struct span){buf->data ? buf->data : "", buf->len};
}

#endif
