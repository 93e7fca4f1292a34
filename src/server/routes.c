/* The table of routes. */
#include "server/routes.h"

#include "http/url.h"
#include "server/respond.h"

#include <stdio.h>

static const struct route routes[] = {
    {"GET", "/", false, false, handle_page},
    {"GET", "/health", false, false, handle_health},
    {"GET", "/metrics", false, false, handle_metrics},
    {"GET", "/events", false, false, handle_subscribe},
    {"GET", "/events", true, false, handle_subscribe},
    {"POST", "/publish", false, true, handle_publish},
    {"POST", "/publish", true, true, handle_publish},
    {"POST", "/clients", true, true, handle_publish_client},
};

enum { ROUTES = sizeof routes / sizeof routes[0] };

/* Whether the path is the route's. The name is what follows the next slash, without another. */
static bool matches(const struct route *route, struct span path, struct span *name)
{
    struct span own = span_from(route->path);
    *name = (struct span){0};
    if (!route->named)
        return span_equal(path, own);
    if (!span_starts(path, own) || path.n <= own.n || path.p[own.n] != '/')
        return false;
    *name = (struct span){path.p + own.n + 1, path.n - own.n - 1};
    return !memchr(name->p, '/', name->n);
}

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

/* Origin is set by browsers alone: a page of another place must not publish in its user's name. */
static bool foreign(const struct http_request *request)
{
    const struct span *origin = http_header_find(request, SPAN("Origin"));
    bool secure, ignored;
    if (!origin)
        return false;
    struct span from = authority_of(*origin, &secure), host = authority_of(request->host, &ignored);
    struct span port = secure ? SPAN(":443") : SPAN(":80");
    return from.p == origin->p || http_header_count(request, SPAN("Origin")) > 1 ||
           !span_equal_nocase(without_port(from, port), without_port(host, port));
}

static void refuse_method(struct exchange *exchange)
{
    char allow[96] = "Allow: ";
    size_t n = strlen(allow);
    for (size_t i = 0; i < ROUTES; i++) {
        struct span name;
        if (matches(&routes[i], exchange->request.path, &name))
            n += (size_t)snprintf(allow + n, sizeof allow - n, "%s%s", n > 7 ? ", " : "",
                                  routes[i].method);
    }
    snprintf(allow + n, sizeof allow - n, "\r\n");
    respond_error_with(exchange->connection, ERROR_METHOD, NULL, span_from(allow));
}

static enum error check_before_body(const struct exchange *exchange)
{
    const struct http_request *request = &exchange->request;
    if (exchange->route->changes && foreign(request))
        return ERROR_ORIGIN;
    if (exchange->route->changes && request->body == HTTP_BODY_NONE)
        return ERROR_LENGTH_REQUIRED;
    if (request->body == HTTP_BODY_SIZED && request->body_size > BODY_MAX)
        return ERROR_TOO_LARGE;
    return exchange->connection->worker->quiet ? ERROR_STOPPING : OK;
}

bool route_begin(struct exchange *exchange)
{
    bool known = false;
    for (size_t i = 0; i < ROUTES && !exchange->route; i++) {
        struct span name;
        if (!matches(&routes[i], exchange->request.path, &name))
            continue;
        known = true;
        if (span_equal(exchange->request.method, span_from(routes[i].method))) {
            exchange->route = &routes[i];
            exchange->name = name;
        }
    }
    enum error error = exchange->route ? check_before_body(exchange) : ERROR_NOT_FOUND;
    if (known && !exchange->route)
        refuse_method(exchange);
    else if (error)
        respond_error(exchange->connection, error, NULL);
    return known && !error;
}

void route_handle(struct exchange *exchange)
{
    exchange->route->handle(exchange);
}

enum error route_name(const struct exchange *exchange, struct buf *out)
{
    return url_decode_segment(exchange->name, out);
}

/* Whether an encoded name decodes to `name`. */
static bool is_named(struct span encoded, struct span name)
{
    struct buf decoded;
    if (!memchr(encoded.p, '%', encoded.n) && !memchr(encoded.p, '+', encoded.n))
        return span_equal(encoded, name);
    buf_init(&decoded, HEAD_MAX);
    bool same = url_decode_query(encoded, &decoded) == OK && span_equal(buf_span(&decoded), name);
    buf_fini(&decoded);
    return same;
}

bool route_next_parameter(struct span *query, struct span name, struct span *value)
{
    struct span key;
    while (url_query_next(query, &key, value))
        if (is_named(key, name))
            return true;
    return false;
}

enum error route_parameter(const struct exchange *exchange, struct span name, struct buf *out,
                           bool *found)
{
    struct span query = exchange->request.query, value;
    *found = route_next_parameter(&query, name, &value);
    return *found ? url_decode_query(value, out) : OK;
}
