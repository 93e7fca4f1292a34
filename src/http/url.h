/* Paths and queries: percent-decoding and application/x-www-form-urlencoded (WHATWG URL, 5.1),
 * strict about broken escapes. Pure, any thread. */
#ifndef FRESHET_HTTP_URL_H
#define FRESHET_HTTP_URL_H

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

/* Decodes %XX in one path segment to the end of out, all or nothing; '+' stays, and any byte may
 * come out, NUL and '/' too. ERROR_URL_ESCAPE, errors of buf. */
enum error url_decode_segment(struct span segment, struct buf *out);

/* Takes the next pair from the front of *query, still encoded; false at the end. Empty pairs are
 * skipped; without '=' the value is empty. Only '&' parts pairs, and the first '=' parts a pair. */
bool url_query_next(struct span *query, struct span *name, struct span *value);

/* Decodes a name or value of a query to the end of out, all or nothing: '+' is a space, and any
 * byte may come out. ERROR_URL_ESCAPE, errors of buf. */
enum error url_decode_query(struct span text, struct buf *out);

#endif
