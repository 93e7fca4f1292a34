/* Origins. */
#include "server/cors.h"

#include "server/respond.h"

#include <stdio.h>

static const char allowed_headers[] =
    "Authorization, Cache-Control, Content-Type, Idempotency-Key, Last-Event-ID";

/* The part of an origin or host that names the machine: without the scheme, and without its usual
 * port. */
static struct span authority_of(struct span text, bool *secure)
{
    *secure = span_starts(text, SPAN("https://"));
    size_t scheme = *secure ? 8 : span_starts(text, SPAN("http://")) ? 7 : 0;
    return (struct span){text.p + scheme, text.n - scheme};
}

static struct span without_port(struct span authority, struct span port)
{
    if (authority.n > port.n &&
        span_equal((struct span){authority.p + authority.n - port.n, port.n}, port))
        authority.n -= port.n;
    return authority;
}

static bool is_own(const struct http_request *request, struct span origin)
{
    bool secure, ignored;
    struct span from = authority_of(origin, &secure), host = authority_of(request->host, &ignored);
    struct span port = secure ? SPAN(":443") : SPAN(":80");
    return from.p != origin.p &&
           span_equal_nocase(without_port(from, port), without_port(host, port));
}

/* The one that is sent; NULL if there is none. Two are none that is allowed. */
static const struct span *origin_of(const struct exchange *exchange, bool *single)
{
    *single = http_header_count(&exchange->request, SPAN("Origin")) == 1;
    return http_header_find(&exchange->request, SPAN("Origin"));
}

/* Whether --cors-origin has that text. */
static bool is_set(const struct exchange *exchange, struct span origin)
{
    const struct settings *settings = exchange->connection->worker->settings;
    for (size_t i = 0; i < settings->origins.count; i++)
        if (span_equal_nocase(span_from(settings->origins.texts[i]), origin))
            return true;
    return false;
}

bool cors_is_foreign(const struct exchange *exchange)
{
    bool single;
    const struct span *origin = origin_of(exchange, &single);
    if (!origin)
        return false;
    bool listed = !span_equal(*origin, SPAN("*")) && is_set(exchange, *origin);
    return !single || (!is_own(&exchange->request, *origin) && !listed);
}

enum error cors_write(const struct exchange *exchange, struct buf *lines)
{
    bool single, any = is_set(exchange, SPAN("*"));
    if (exchange->connection->worker->settings->origins.count == 0)
        return OK;
    const struct span *origin = origin_of(exchange, &single);
    bool granted = origin && single && (any || is_set(exchange, *origin));
    enum error error = buf_append(lines, "Vary: Origin\r\n", 14);
    if (!error && granted)
        error = buf_printf(lines,
                           "Access-Control-Allow-Origin: %.*s\r\n"
                           "Access-Control-Expose-Headers: Freshet-Client-Id, Retry-After\r\n",
                           (int)origin->n, origin->p);
    if (!error && granted && is_set(exchange, *origin))
        error = buf_printf(lines, "Access-Control-Allow-Credentials: true\r\n");
    return error;
}

/* The methods that do not change anything. */
static const char reading[] = "GET, HEAD, OPTIONS";

void cors_preflight(struct exchange *exchange, const char *methods)
{
    char lines[512];
    bool single;
    const struct span *origin = origin_of(exchange, &single);
    size_t n = (size_t)snprintf(lines, sizeof lines, "Allow: %s\r\n", methods);
    bool asked = origin && single &&
                 http_header_find(&exchange->request, SPAN("Access-Control-Request-Method"));
    bool listed = asked && is_set(exchange, *origin);
    if (listed || (asked && is_set(exchange, SPAN("*"))))
        snprintf(lines + n, sizeof lines - n,
                 "Access-Control-Allow-Methods: %s\r\n"
                 "Access-Control-Allow-Headers: %s\r\n"
                 "Access-Control-Max-Age: 600\r\n",
                 listed ? methods : reading, allowed_headers);
    respond(exchange->connection, 204, NULL, SPAN(""), span_from(lines));
}
