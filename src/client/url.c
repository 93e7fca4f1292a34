/* URLs of hubs and streams. */
#include "client/url.h"

/* The part between the two slashes and the next one. */
static struct span authority_of(struct span text)
{
    struct span rest = text;
    span_cut(&rest, '/');
    span_cut(&rest, '/');
    size_t n = 0;
    while (n < rest.n && !strchr("/?#", rest.p[n]))
        n++;
    return (struct span){rest.p, n};
}

struct span url_server(struct span text)
{
    struct span server = authority_of(text);
    const char *at = server.n ? memrchr(server.p, '@', server.n) : NULL;
    return at ? (struct span){at + 1, (size_t)(server.p + server.n - at - 1)} : server;
}

/* The server without its port, in lower case or not, as it stands. */
static struct span host_of(struct span text)
{
    struct span host = url_server(text);
    if (host.n && *host.p == '[') {
        const char *end = memchr(host.p, ']', host.n);
        return end ? (struct span){host.p, (size_t)(end - host.p + 1)} : host;
    }
    return span_cut(&host, ':');
}

bool url_is_http(struct span text)
{
    struct span rest = text, scheme = span_cut(&rest, ':');
    return (span_equal_nocase(scheme, SPAN("http")) || span_equal_nocase(scheme, SPAN("https"))) &&
           span_starts(rest, SPAN("//"));
}

const char *url_check(struct span text)
{
    if (!url_is_http(text) || host_of(text).n == 0)
        return "write a URL such as http://127.0.0.1:8080";
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f)
            return "a URL has no spaces; write them as %20";
    return NULL;
}

const char *url_check_hub(struct span text)
{
    const char *demand = url_check(text);
    if (!demand && (memchr(text.p, '?', text.n) || memchr(text.p, '#', text.n)))
        return "the URL of a hub has neither ? nor #; write one such as http://127.0.0.1:8080";
    return demand;
}

bool url_is_loopback(struct span text)
{
    struct span host = host_of(text);
    return span_equal_nocase(host, SPAN("localhost")) || span_starts(host, SPAN("127.")) ||
           span_equal(host, SPAN("[::1]"));
}

enum error url_write(struct span hub, struct span path, struct buf *out)
{
    while (hub.n && hub.p[hub.n - 1] == '/')
        hub.n--;
    enum error error = buf_append(out, hub.p, hub.n);
    return error ? error : buf_append(out, path.p, path.n);
}

/* What may stand in a query as it is and means the same everywhere. */
static bool is_plain(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte && strchr("-._~:*@", byte));
}

enum error url_add_parameter(struct buf *url, struct span name, struct span value)
{
    bool first = !memchr(buf_span(url).p, '?', url->len);
    enum error error = buf_printf(url, "%c%.*s=", first ? '?' : '&', (int)name.n, name.p);
    for (size_t i = 0; i < value.n && !error; i++)
        error = is_plain(value.p[i]) ? buf_append(url, value.p + i, 1)
                                     : buf_printf(url, "%%%02X", (unsigned char)value.p[i]);
    return error;
}

struct span url_without_fragment(struct span text)
{
    return span_cut(&text, '#');
}
