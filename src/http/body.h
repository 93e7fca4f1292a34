/* Request bodies: sized or chunked (RFC 9112, 6 and 7.1), decoded from pieces of any size.
 * Bytes in, bytes out; no I/O. */
#ifndef FRESHET_HTTP_BODY_H
#define FRESHET_HTTP_BODY_H

#include "base/buf.h"
#include "http/request.h"

struct http_body {
    uint64_t left; /* of the sized body or of the chunk */
    uint16_t line; /* bytes of the chunk line or trailers so far, limited */
    uint8_t state;
};

void http_body_init(struct http_body *body, const struct http_request *request);

/* True when all of it has come. */
bool http_body_done(const struct http_body *body);

/* Takes bytes and appends what they hold to out (out->max is the limit of the whole body); *used
 * tells how many belonged to the body. ERROR_TOO_LARGE as soon as it is sure to pass the limit (for
 * a sized body before the first byte), ERROR_HTTP_CHUNK, ERROR_NO_MEMORY. Chunk extensions are
 * skipped, trailers are read and dropped; both are limited. */
enum error http_body_feed(struct http_body *body, struct span bytes, size_t *used, struct buf *out);

#endif
