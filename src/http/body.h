/* Request bodies: sized or chunked (RFC 9112, 6 and 7.1), decoded from pieces of any size.
 * Bytes in, bytes out; no I/O. */
#ifndef FRESHET_HTTP_BODY_H
#define FRESHET_HTTP_BODY_H

#include "base/buf.h"
#include "http/request.h"

struct http_body {
    uint64_t left; /* of the sized body or of the chunk */
    uint16_t line; /* digits of the size, or bytes of the extensions or trailers so far, limited */
    uint8_t state;
};

void http_body_init(struct http_body *body, const struct http_request *request);

/* True when all of it has come. */
bool http_body_done(const struct http_body *body);

/* Takes bytes and appends what they hold to out (out->max is the limit of the whole body, and out
 * grows only by what has come); *used tells how many belonged to the body, on an error how many
 * were good. ERROR_TOO_LARGE as soon as it is sure to pass the limit (for a sized body before the
 * first byte, even if fed none), ERROR_NO_MEMORY, ERROR_HTTP_CHUNK…, ERROR_HTTP_TRAILER…; after one
 * of these the connection cannot be used on. Chunk extensions are skipped (256 bytes a chunk),
 * trailers are read and dropped (4 KiB in all). */
enum error http_body_feed(struct http_body *body, struct span bytes, size_t *used, struct buf *out);

#endif
