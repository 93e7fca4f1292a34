/* Headers of a request, as lists of libcurl's. Pure, any thread. */
#ifndef FRESHET_CLIENT_HEADERS_H
#define FRESHET_CLIENT_HEADERS_H

#include "base/span.h"

#include <curl/curl.h>

/* NULL, or what would be right: `Name: value` with nothing that would end the line. */
const char *header_check(struct span line);

/* A list of `own` and then of `given` lines, which have passed header_check; a name that is given
 * is not taken from our own. To be freed with curl_slist_free_all. */
struct curl_slist *headers_new(const char *const *own, size_t own_count, const char *const *given,
                               size_t given_count);

/* Adds one; returns the list. A value may be empty. */
struct curl_slist *header_add(struct curl_slist *list, struct span name, struct span value);

#endif
