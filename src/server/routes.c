/* The table of routes. */
#include "server/routes.h"

#include "http/url.h"
#include "server/cors.h"
#include "server/names.h"
#include "server/publish.h"
#include "server/respond.h"

#include <stdio.h>

static const struct route routes[] = {
    {"GET", "/", "", NAME_NONE, false, NULL, handle_page},
    {"GET", "/health", "", NAME_NONE, false, NULL, handle_health},
    {"GET", "/metrics", "", NAME_NONE, false, NULL, handle_metrics},
    {"GET", "/events", "", NAME_NONE, false, NULL, handle_subscribe},
    {"GET", "/events", "", NAME_IN_PATH, false, NULL, handle_subscribe},
    {"POST", "/publish", "", NAME_NONE, true, publish_begin, handle_publish},
    {"POST", "/publish", "", NAME_IN_PATH, true, publish_begin, handle_publish},
    {"POST", "/clients", "", NAME_IN_PATH, true, publish_client_begin, handle_publish},
    {"DELETE", "/clients", "", NAME_IN_PATH, true, NULL, handle_dismiss},
    {"GET", "/channels", "", NAME_IN_QUERY, false, NULL, handle_channel},
    {"GET", "/channels", "", NAME_NONE, false, NULL, handle_channels},
    {"DELETE", "/channels", "", NAME_IN_QUERY, true, NULL, handle_forget},
    {"GET", "/channels", "/events", NAME_IN_QUERY, false, NULL, handle_history},
    {"GET", "/channels", "/events", NAME_IN_PATH, false, NULL, handle_history},
    {"GET", "/channels", "", NAME_IN_PATH, false, NULL, handle_channel},
    {"DELETE", "/channels", "", NAME_IN_PATH, true, NULL, handle_forget},
};

enum { ROUTES = sizeof routes / sizeof routes[0] };

/* Takes it off the end. */
static bool cut_end(struct span *text, struct span end)
{
    if (text->n < end.n || memcmp(text->p + text->n - end.n, end.p, end.n) != 0)
        return false;
    text->n -= end.n;
    return true;
}

/* Whether the path is the route's. The name is one part of it, without a slash. */
static bool matches(const struct route *route, const struct http_request *request,
                    struct span *name)
{
    struct span front = span_from(route->path), rest = request->path, query = request->query, value;
    *name = (struct span){0};
    if (!span_starts(rest, front))
        return false;
    rest = (struct span){rest.p + front.n, rest.n - front.n};
    if (!cut_end(&rest, span_from(route->behind)))
        return false;
    if (route->naming != NAME_IN_PATH)
        return rest.n == 0 && (route->naming == NAME_NONE ||
                               route_next_parameter(&query, SPAN("channel"), &value));
    if (rest.n == 0 || rest.p[0] != '/')
        return false;
    *name = (struct span){rest.p + 1, rest.n - 1};
    return !memchr(name->p, '/', name->n);
}

/* HEAD goes where GET goes. */
static bool takes(const struct route *route, struct span method)
{
    return span_equal(method, span_from(route->method)) ||
           (span_equal(method, SPAN("HEAD")) && strcmp(route->method, "GET") == 0);
}

/* Writes the methods of this path, with commas. */
static void list_methods(const struct http_request *request, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < ROUTES; i++) {
        struct span name;
        const char *method = routes[i].method;
        if (!matches(&routes[i], request, &name) || (n && strstr(out, method)))
            continue;
        const char *head = strcmp(method, "GET") == 0 ? ", HEAD" : "";
        n += (size_t)snprintf(out + n, size - n, "%s%s%s", n ? ", " : "", method, head);
    }
    snprintf(out + n, size - n, "%sOPTIONS", n ? ", " : "");
}

static void refuse_method(struct exchange *exchange)
{
    char methods[64], allow[96];
    list_methods(&exchange->request, methods, sizeof methods);
    if (span_equal(exchange->request.method, SPAN("OPTIONS"))) {
        cors_preflight(exchange, methods);
        return;
    }
    snprintf(allow, sizeof allow, "Allow: %s\r\n", methods);
    respond_error_with(exchange->connection, ERROR_METHOD, NULL, span_from(allow));
}

static enum error check_expectation(const struct http_request *request)
{
    const struct span *expect = http_header_find(request, SPAN("Expect"));
    bool bad = expect && request->minor >= 1 &&
               (http_header_count(request, SPAN("Expect")) > 1 ||
                !span_equal_nocase(*expect, SPAN("100-continue")));
    return bad ? ERROR_EXPECTATION : OK;
}

static enum error check_before_body(struct exchange *exchange)
{
    const struct http_request *request = &exchange->request;
    const struct route *route = exchange->route;
    if (route->changes && cors_is_foreign(exchange))
        return ERROR_ORIGIN;
    if (exchange->connection->worker->quiet)
        return ERROR_STOPPING;
    enum error error = check_expectation(request);
    if (error)
        return error;
    if (strcmp(route->method, "POST") == 0 && request->body == HTTP_BODY_NONE)
        return ERROR_LENGTH_REQUIRED;
    error = route->begin ? route->begin(exchange) : OK;
    if (!error && request->body == HTTP_BODY_SIZED && request->body_size > exchange->content.max)
        return ERROR_TOO_LARGE;
    return error;
}

/* The client waits for a word before it sends the body (RFC 9110, 10.1.1). */
static enum error go_on(struct exchange *exchange)
{
    struct connection *connection = exchange->connection;
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (exchange->request.minor == 0 || http_body_done(&exchange->body) ||
        connection->transit->in.len || !http_header_find(&exchange->request, SPAN("Expect")))
        return OK;
    return buf_append(&connection->transit->out, text, sizeof text - 1);
}

bool route_begin(struct exchange *exchange)
{
    bool known = false;
    for (size_t i = 0; i < ROUTES && !exchange->route; i++) {
        struct span name;
        if (!matches(&routes[i], &exchange->request, &name))
            continue;
        known = true;
        if (takes(&routes[i], exchange->request.method)) {
            exchange->route = &routes[i];
            exchange->name = name;
        }
    }
    enum error error = exchange->route ? check_before_body(exchange) : ERROR_NOT_FOUND;
    if (!error)
        error = go_on(exchange);
    if (known && !exchange->route)
        refuse_method(exchange);
    else if (error == ERROR_STOPPING && exchange->route->handle == handle_subscribe)
        respond_busy(exchange->connection, error);
    else if (error)
        respond_error(exchange->connection, error, NULL);
    return known && !error;
}

void route_handle(struct exchange *exchange)
{
    exchange->route->handle(exchange);
}

enum error route_channel(const struct exchange *exchange, struct buf *out, bool *found)
{
    *found = exchange->route->naming == NAME_IN_PATH;
    return *found ? url_decode_segment(exchange->name, out)
                  : route_parameter(exchange, SPAN("channel"), out, found);
}

enum error route_client(const struct exchange *exchange, struct buf *out)
{
    enum error error = buf_append(out, "@", 1);
    if (!error)
        error = url_decode_segment(exchange->name, out);
    return error ? error : client_id_check((struct span){out->data + 1, out->len - 1});
}

/* Whether an encoded name decodes to `name`. */
static bool is_named(struct span encoded, struct span name)
{
    struct buf decoded;
    if (!memchr(encoded.p, '%', encoded.n) && !memchr(encoded.p, '+', encoded.n))
        return span_equal(encoded, name);
    buf_init(&decoded, encoded.n);
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
