/* A port is not chosen at bind but at connect, so that each source and target has all of them. */
#include "bench/target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

static bool look_up(struct address *address, const char *host, const char *port, int flags,
                    const char **why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags}, *found;
    int error = getaddrinfo(host, port, &hints, &found);
    if (error) {
        *why = gai_strerror(error);
        return false;
    }
    memcpy(&address->socket, found->ai_addr, found->ai_addrlen);
    address->size = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

bool target_parse(struct target *target, const char *url, const char **path, char *why, size_t size)
{
    static const char scheme[] = "http://";
    const char *authority = url + sizeof scheme - 1, *problem = NULL;
    if (strncmp(url, scheme, sizeof scheme - 1) != 0) {
        snprintf(why, size, "%s: a URL like http://127.0.0.1:8080 is wanted%s", url,
                 strncmp(url, "https:", 6) == 0 ? "; TLS is not spoken" : "");
        return false;
    }
    size_t n = strcspn(authority, "/?#");
    *path = authority + n;
    if (n == 0 || n > TARGET_AUTHORITY_MAX || memchr(authority, '@', n)) {
        snprintf(why, size, "%s: a host, and perhaps a port, is wanted behind http://", url);
        return false;
    }
    snprintf(target->authority, sizeof target->authority, "%.*s", (int)n, authority);
    char host[TARGET_AUTHORITY_MAX + 1];
    snprintf(host, sizeof host, "%s", target->authority);
    char *bracket = host[0] == '[' ? strchr(host, ']') : NULL;
    char *colon = strchr(bracket ? bracket : host, ':');
    const char *port = colon ? colon + 1 : "80";
    if (bracket)
        *bracket = '\0';
    else if (colon)
        *colon = '\0';
    if (look_up(&target->address, host + (bracket != NULL), port, 0, &problem))
        return true;
    snprintf(why, size, "%s: %s", url, problem);
    return false;
}

bool sources_add(struct sources *sources, const struct target *target, const char *text)
{
    const char *why;
    struct address address;
    if (sources->count == SOURCES_MAX || !look_up(&address, text, NULL, AI_NUMERICHOST, &why) ||
        address.socket.ss_family != target->address.socket.ss_family)
        return false;
    sources->addresses[sources->count++] = address;
    return true;
}

/* What the system gives a source, less some that linger or are in use. */
static uint64_t ports_each(void)
{
    unsigned first = 32768, last = 60999;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    if (file) {
        if (fscanf(file, "%u %u", &first, &last) != 2 || last < first)
            first = 32768, last = 60999;
        fclose(file);
    }
    uint64_t all = (uint64_t)last - first + 1;
    return all > 400 ? all - 200 : all / 2 + 1;
}

bool sources_choose(struct sources *sources, const struct target *target, uint64_t streams)
{
    const struct sockaddr_in *in =
        (const struct sockaddr_in *)(const void *)&target->address.socket;
    uint64_t each = ports_each(), needed = (streams + each - 1) / each;
    sources->count = 0;
    if (needed <= 1)
        return true;
    if (needed > SOURCES_MAX || in->sin_family != AF_INET ||
        ntohl(in->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
        return false;
    for (; sources->count < needed; sources->count++) {
        struct sockaddr_in source = {.sin_family = AF_INET};
        source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)sources->count);
        struct address *address = &sources->addresses[sources->count];
        memcpy(&address->socket, &source, sizeof source);
        address->size = sizeof source;
    }
    return true;
}

static bool bind_to(int fd, const struct address *source)
{
    int on = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(fd, (const struct sockaddr *)&source->socket, source->size) == 0;
}

int target_connect(const struct target *target, const struct sources *sources, uint64_t number)
{
    const struct address *to = &target->address;
    int on = 1;
    int fd = socket(to->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if ((!sources->count || bind_to(fd, &sources->addresses[number % sources->count])) &&
        (connect(fd, (const struct sockaddr *)&to->socket, to->size) == 0 || errno == EINPROGRESS))
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}
