/* Writing HTTP/1.1 response heads and chunk framing. Bytes out, no I/O. Pure, any thread. */
#ifndef FRESHET_HTTP_RESPONSE_H
#define FRESHET_HTTP_RESPONSE_H

#include "base/buf.h"

#include <stdint.h>

/* The reason phrase of a status; "Unknown" for others. Static. */
const char *http_reason(int status);

enum { HTTP_LENGTH_NONE = -1, HTTP_LENGTH_CHUNKED = -2 };

/* Writes `HTTP/1.1 …`, Content-Type (type may be NULL), then Content-Length for length >= 0 or
 * Transfer-Encoding for HTTP_LENGTH_CHUNKED, `Connection: close` where close is true (nothing
 * otherwise), the extra header lines as given (each with CRLF; may be empty), and the blank line,
 * to the end of out, all or nothing. A status without a body (1xx, 204, 304) gets neither length.
 * What is given must hold no CR or LF of strangers. Errors of buf. */
enum error http_write_head(struct buf *out, int status, const char *type, int64_t length,
                           bool close, struct span extra);

/* Bytes of the longest chunk head, `7fffffff` and CRLF. */
enum { HTTP_CHUNK_HEAD_MAX = 10 };

/* Writes a chunk's head for size bytes so that it ends just before `end`, in up to
 * HTTP_CHUNK_HEAD_MAX bytes; returns where it starts. A size of 0 would end the body. */
char *http_chunk_head_before(char *end, uint32_t size);

/* Appends bytes (below 4 GiB) to out as one chunk, all or nothing. Nothing for no bytes (that would
 * end the body). */
enum error http_write_chunk(struct buf *out, struct span bytes);

/* The chunk that ends a body. */
#define HTTP_LAST_CHUNK "0\r\n\r\n"

#endif
