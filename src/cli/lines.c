/* Lines. The buffer is filled behind what is not yet taken; a line is looked through once, however
 * many pieces it comes in. */
#include "cli/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 256 << 10 };

const char *lines_init(struct lines *lines, int fd)
{
    struct stat stat;
    *lines = (struct lines){.fd = fd};
    buf_init(&lines->bytes, LINE_MAX_BYTES + READ_BYTES);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fstat(fd, &stat))
        return strerror(errno);
    if ((flags & O_ACCMODE) == O_WRONLY) /* what stands for a closed standard input is, too */
        return strerror(EBADF);
    if (S_ISDIR(stat.st_mode))
        return strerror(EISDIR);
    lines->regular = S_ISREG(stat.st_mode);
    off_t at = lines->regular ? lseek(fd, 0, SEEK_CUR) : 0;
    lines->size = lines->regular && stat.st_size > at ? (uint64_t)(stat.st_size - at) : 0;
    return NULL;
}

void lines_fini(struct lines *lines)
{
    buf_fini(&lines->bytes);
}

/* Up to and with the LF of the next line; 0: it is not whole. */
static size_t length_of(struct lines *lines)
{
    const struct buf *bytes = &lines->bytes;
    size_t rest = bytes->len - lines->at;
    if (rest == 0)
        return 0;
    const char *end = lines->seen < rest
                          ? memchr(bytes->data + lines->at + lines->seen, '\n', rest - lines->seen)
                          : NULL;
    lines->seen = end ? (size_t)(end - bytes->data) - lines->at : rest;
    return end ? lines->seen + 1 : lines->ended ? rest : 0;
}

bool lines_peek(struct lines *lines, struct span *line)
{
    size_t n = length_of(lines);
    if (n == 0)
        return false;
    *line = (struct span){lines->bytes.data + lines->at, n};
    if (line->p[line->n - 1] == '\n')
        line->n--;
    if (line->n && line->p[line->n - 1] == '\r')
        line->n--;
    return true;
}

void lines_take(struct lines *lines)
{
    size_t n = length_of(lines);
    lines->at += n;
    lines->read += n;
    lines->taken++;
    lines->seen = 0;
}

bool lines_are_ready(const struct lines *lines)
{
    struct pollfd fd = {.fd = lines->fd, .events = POLLIN};
    return lines->regular || poll(&fd, 1, 0) > 0;
}

const char *lines_read(struct lines *lines)
{
    struct buf *bytes = &lines->bytes;
    buf_consume(bytes, lines->at);
    lines->at = 0;
    if (bytes->len > LINE_MAX_BYTES)
        return "a line is longer than 64M";
    if (buf_reserve(bytes, READ_BYTES))
        return error_text(ERROR_NO_MEMORY);
    ssize_t n = read(lines->fd, bytes->data + bytes->len, READ_BYTES);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return NULL;
    if (n < 0)
        return strerror(errno);
    bytes->len += (size_t)n;
    lines->ended = n == 0;
    return NULL;
}
