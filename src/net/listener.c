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

int listener_open(const char *address, const struct listener_options *options, char *bound,
                  const char **why)
{
    char host[256];
    uint64_t port;
    const char *colon = strrchr(address, ':'), *start = address, *end = colon;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *info;
    *why = "write ADDR:PORT, such as 127.0.0.1:8080 or [::1]:8080";
    if (!colon || colon == address || !number_parse(span_from(colon + 1), 65535, &port))
        return -1;
    if (*start == '[' && end[-1] == ']') {
        start++;
        end--;
    } else if (memchr(start, ':', (size_t)(end - start))) {
        return -1;
    }
    if ((size_t)(end - start) >= sizeof host)
        return -1;
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    hints.ai_family = AF_INET; /* a name that has both is served on the one that everybody tries */
    if (getaddrinfo(host, colon + 1, &hints, &info) != 0)
        hints.ai_family = AF_UNSPEC;
    if (hints.ai_family == AF_UNSPEC && getaddrinfo(host, colon + 1, &hints, &info) != 0) {
        *why = "no address is known by that name";
        return -1;
    }
    int fd = listen_on(info, options, bound, why);
    freeaddrinfo(info);
    return fd;
}
