/* What every request of ours has in common. */
#include "client/transfer.h"

#include "base/check.h"
#include "client/url.h"

enum { CONNECT_TIMEOUT_MS = 20000 };

CURL *transfer_new(const struct transfer_options *options)
{
    CURL *curl = curl_easy_init();
    CHECK(curl);
    curl_easy_setopt(curl, CURLOPT_URL, options->url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "freshet/" FRESHET_VERSION);
    if (options->ca_file)
        curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file);
    if (url_is_loopback(span_from(options->url)))
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    return curl;
}

const char *transfer_why(CURL *curl, CURLcode result, const char *curl_error)
{
    long number = 0;
    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
    if (result == CURLE_COULDNT_CONNECT && number)
        return strerror((int)number);
    /* Its own words on these differ from one time to the next (after 3 ms, 512 bytes received). */
    if (result == CURLE_COULDNT_CONNECT || result == CURLE_OPERATION_TIMEDOUT || !*curl_error)
        return curl_easy_strerror(result);
    return curl_error;
}

bool transfer_is_hopeless(CURLcode result)
{
    switch (result) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_NOT_BUILT_IN:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_NOTFOUND:
        return true;
    default:
        return false;
    }
}

uint64_t transfer_retry_after(CURL *curl)
{
    curl_off_t seconds = 0;
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
    return seconds <= 0           ? 0
           : seconds > UINT32_MAX ? UINT64_C(1000) * UINT32_MAX
                                  : UINT64_C(1000) * (uint64_t)seconds;
}
