/* Opening listeners and writing addresses. */
#include "net/listener.h"

#include "base/units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

enum { HOST_MAX = 255 };

void address_text(const struct sockaddr_storage *address, char *out)
{
    char host[INET6_ADDRSTRLEN];
    snprintf(out, ADDRESS_TEXT_MAX, "unknown");
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        if (inet_ntop(AF_INET, &in->sin_addr, host, sizeof host))
            snprintf(out, ADDRESS_TEXT_MAX, "%s:%u", host, ntohs(in->sin_port));
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)address;
        if (inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host))
            snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%u", host, ntohs(in6->sin6_port));
    }
}

void peer_text(int fd, char *out)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    if (getpeername(fd, (struct sockaddr *)&address, &length) != 0)
        address.ss_family = AF_UNSPEC;
    address_text(&address, out);
}

void socket_user_timeout(int fd, uint32_t ms)
{
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms,
               sizeof ms); /* best effort: it was set before */
}

static bool set_options(int fd, int family, const struct listener_options *options)
{
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
           (family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
           setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &options->send_buffer,
                      sizeof options->send_buffer) == 0 &&
           setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &options->user_timeout_ms,
                      sizeof options->user_timeout_ms) == 0;
}

static int listen_on(const struct addrinfo *info, const struct listener_options *options,
                     char *bound, const char **why)
{
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !set_options(fd, info->ai_family, options))
        *why = "the system gives no such socket";
    else if (bind(fd, info->ai_addr, info->ai_addrlen) != 0)
        *why = errno == EADDRINUSE ? "another program listens there already"
               : errno == EACCES   ? "this user may not listen on that port; take one above 1023"
               : errno == EADDRNOTAVAIL ? "this machine does not have that address"
                                        : "the system refuses that address";
    else if (listen(fd, 4096) != 0)
        *why = "the system refuses to listen there";
    else {
        struct sockaddr_storage address = {0};
        socklen_t length = sizeof address;
        if (getsockname(fd, (struct sockaddr *)&address, &length) == 0)
            address_text(&address, bound);
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

/* False where it is no ADDR:PORT. */
static bool split(struct span text, struct span *host, struct span *port)
{
    uint64_t number;
    size_t colon = text.n;
    bool good = true;
    while (colon && text.p[colon - 1] != ':')
        colon--;
    *port = (struct span){text.p + colon, text.n - colon};
    *host = (struct span){text.p, colon ? colon - 1 : 0};
    if (host->n > 2 && *host->p == '[' && host->p[host->n - 1] == ']')
        *host = (struct span){host->p + 1, host->n - 2};
    else
        good = !memchr(host->p, ':', host->n);
    for (size_t i = 0; i < host->n; i++)
        good &= host->p[i] > ' ' && host->p[i] <= '~' && host->p[i] != '[' && host->p[i] != ']';
    return good && host->n && host->n <= HOST_MAX && number_parse(*port, 65535, &number);
}

const char *listener_check(struct span address)
{
    struct span host, port;
    return split(address, &host, &port) ? NULL
                                        : "write ADDR:PORT, such as 127.0.0.1:8080 or [::1]:8080";
}

int listener_open(const char *address, const struct listener_options *options, char *bound,
                  const char **why)
{
    char name[HOST_MAX + 1];
    struct span host, port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *info;
    if ((*why = listener_check(span_from(address))))
        return -1;
    split(span_from(address), &host, &port);
    memcpy(name, host.p, host.n);
    name[host.n] = '\0';
    hints.ai_family = AF_INET; /* a name that has both is served on the one that everybody tries */
    if (getaddrinfo(name, port.p, &hints, &info) != 0)
        hints.ai_family = AF_UNSPEC;
    if (hints.ai_family == AF_UNSPEC && getaddrinfo(name, port.p, &hints, &info) != 0) {
        *why = "no address is known by that name";
        return -1;
    }
    int fd = listen_on(info, options, bound, why);
    freeaddrinfo(info);
    return fd;
}
