/* Buffers here are small and bounded by the command line; where one does not fit, that is a bug. */
#include "request.h"

#include "base/check.h"
#include "base/id.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

int request_connect(const struct options *options)
{
    int on = 1;
    int fd = socket(options->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (const struct sockaddr *)&options->address, options->address_size) == 0 ||
        errno == EINPROGRESS)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

void request_target(struct buf *out, const char *target, uint32_t channel)
{
    const char *number;
    while ((number = strstr(target, "%d"))) {
        CHECK(buf_append(out, target, (size_t)(number - target)) == OK);
        CHECK(buf_printf(out, "%u", channel) == OK);
        target = number + 2;
    }
    CHECK(buf_append(out, target, strlen(target)) == OK);
}

void request_subscribe(struct buf *out, const struct options *options, uint32_t first,
                       uint64_t position)
{
    CHECK(buf_append(out, "GET ", 4) == OK);
    request_target(out, options->stream, first);
    for (uint32_t i = 1; i < options->per_stream; i++)
        request_target(out, options->more, (first + i) % options->channels);
    CHECK(buf_printf(out, " HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n",
                     options->authority) == OK);
    if (position)
        CHECK(buf_printf(out, "Last-Event-ID: %s\r\n", id_text(position).text) == OK);
    CHECK(buf_append(out, "\r\n", 2) == OK);
}

void request_publish(struct buf *out, const struct options *options, uint32_t channel)
{
    CHECK(buf_append(out, "POST ", 5) == OK);
    request_target(out, options->publish, channel);
    CHECK(buf_printf(out,
                     " HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain\r\n"
                     "Content-Length: %u\r\n\r\n",
                     options->authority, options->size) == OK);
}
