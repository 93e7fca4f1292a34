/* Making the URLs that a client asks for. What a URL says is left to libcurl; here parameters are
 * added and only what could not be one is found. Pure, any thread. */
#ifndef FRESHET_CLIENT_URL_H
#define FRESHET_CLIENT_URL_H

#include "base/buf.h"

/* Begins with http:// or https://. */
bool url_is_http(struct span text);

/* NULL, or what would be right: for the URL of a stream, and for that of a hub (--url), which has
 * no query. */
const char *url_check(struct span text);
const char *url_check_hub(struct span text);

/* Whether the host is this machine by name or number (localhost, 127.…, [::1]): no proxy stands
 * between. text has passed url_check. */
bool url_is_loopback(struct span text);

/* The host and port, without a user's name and password: for messages. text has passed url_check.
 */
struct span url_server(struct span text);

/* The hub's URL and a path such as /events, to the end of out. hub has passed url_check_hub. Errors
 * of buf; out may then hold a part. */
enum error url_write(struct span hub, struct span path, struct buf *out);

/* Adds ?name=value, or &name=value where there is a query, to a URL that has no fragment. The value
 * is percent-encoded. Errors of buf; url may then hold a part. */
enum error url_add_parameter(struct buf *url, struct span name, struct span value);

/* The text without its fragment, which is never sent. */
struct span url_without_fragment(struct span text);

#endif
