/* Pages of other origins (WHATWG Fetch, 3.2): what they may do, and what is said to browsers about
 * it. Nothing is granted until --cors-origin names an origin; `*` grants reading to all. */
#ifndef FRESHET_SERVER_CORS_H
#define FRESHET_SERVER_CORS_H

#include "server/connection.h"

/* Whether the request comes from a page that may not change anything: its Origin is neither this
 * host's nor allowed. Only browsers send one. */
bool cors_is_foreign(const struct exchange *exchange);

/* Appends the header lines that let the page read the answer, if it may. Errors of buf. */
enum error cors_write(const struct exchange *exchange, struct buf *lines);

/* Answers OPTIONS on a path that takes these methods. */
void cors_preflight(struct exchange *exchange, const char *methods);

#endif
