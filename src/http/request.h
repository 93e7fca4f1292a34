/* HTTP/1.1 and 1.0 request heads (RFC 9112), strict: what two parsers could read in two ways is
 * refused. Bytes in, spans into those bytes out; no I/O, no allocation. Any thread. */
#ifndef FRESHET_HTTP_REQUEST_H
#define FRESHET_HTTP_REQUEST_H

#include "base/error.h"
#include "base/span.h"

#include <stdint.h>

enum { HTTP_HEADERS_MAX = 100 };

enum http_body_kind { HTTP_BODY_NONE, HTTP_BODY_SIZED, HTTP_BODY_CHUNKED };

struct http_header {
    struct span name;
    struct span value; /* without the white space around it */
};

struct http_request {
    struct span method;
    struct span path;  /* of the target, still percent-encoded; begins with '/'. An absolute
                          target (http://host/path) is taken apart: its host is `host`. */
    struct span query; /* behind the '?'; empty if there is none */
    int minor;         /* HTTP/1.minor: 0 or 1 */
    bool keep_alive;
    enum http_body_kind body;
    uint64_t body_size; /* of a sized body */
    struct span host;   /* name or address, perhaps `:port`; empty only with HTTP/1.0 */
    size_t header_count;
    struct http_header headers[HTTP_HEADERS_MAX];
};

/* How far the search for a head's end has come; zeroed for a new head. */
struct http_head_scan {
    size_t scanned;
    uint8_t state;
};

/* Looks for the head in `bytes`, all that has come of it so far (the same bytes again and more at
 * each call, possibly moved). *size is 0 while it is not whole, else its length with the blank
 * line. Up to four empty lines (CRLF) before the request line are part of the head.
 * Refuses at once what can never become a head: ERROR_HTTP_CONTROL, ERROR_HTTP_LINE_END (bare CR or
 * LF), ERROR_HTTP_EMPTY_LINES. The caller limits the length. */
enum error http_head_find(struct http_head_scan *scan, struct span bytes, size_t *size);

/* What to answer where the caller gives up on a head that is not whole: ERROR_HTTP_TARGET_LONG
 * while its request line is not, ERROR_HTTP_HEAD_LONG after it. */
enum error http_head_too_long(const struct http_head_scan *scan);

/* Parses a whole head, as long as http_head_find said. request's spans point into it; of its
 * headers only header_count are written. ERROR_HTTP_…, or ERROR_TOO_LARGE for a Content-Length that
 * no number holds; after an error only the spans that are set may be read, and the connection
 * cannot be used on. A request with neither length nor chunks has HTTP_BODY_NONE, whatever its
 * method. */
enum error http_head_parse(struct span head, struct http_request *request);

/* The value of the first header of that name (ASCII case ignored), NULL if there is none. */
const struct span *http_header_find(const struct http_request *request, struct span name);

/* How many headers of that name there are. */
size_t http_header_count(const struct http_request *request, struct span name);

#endif
