/* A handle of libcurl, set up as every request of ours is: http and https alone, redirects only to
 * these, certificates of the system, proxies of the environment but not for this machine. One
 * thread a handle. */
#ifndef FRESHET_CLIENT_TRANSFER_H
#define FRESHET_CLIENT_TRANSFER_H

#include "base/span.h"

#include <curl/curl.h>
#include <stdint.h>

struct transfer_options {
    const char *url;     /* passed url_check */
    const char *ca_file; /* PEM, in place of the system's certificates; NULL: the system's */
};

/* Never NULL. To be freed with curl_easy_cleanup. */
CURL *transfer_new(const struct transfer_options *options);

/* Why a transfer failed, in words: a static text, or curl_error's where that says more. */
const char *transfer_why(CURL *curl, CURLcode result, const char *curl_error);

/* Trying again is of no use: what was asked for can't be asked for, or the certificate is bad. */
bool transfer_is_hopeless(CURLcode result);

/* Milliseconds of the answer's Retry-After (RFC 9110, 10.2.3), seconds or a date; 0: none. */
uint64_t transfer_retry_after(CURL *curl);

#endif
