/* Writing to standard output. It is not made non-blocking, since it may be shared with other
 * programs; a pipe that poll says is writable takes PIPE_BUF bytes without blocking. */
#include "cli/out.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

void out_init(struct out *out, int stop, uint64_t until)
{
    buf_init(&out->bytes, SIZE_MAX / 2);
    out->stop = stop;
    out->until = until;
}

void out_fini(struct out *out)
{
    buf_fini(&out->bytes);
}

/* Waits until standard output has one of the events or an error, or it is time to end. */
static enum out_state await(const struct out *out, short events, int ms)
{
    struct pollfd fds[2] = {{.fd = STDOUT_FILENO, .events = events},
                            {.fd = out->stop, .events = POLLIN}};
    if (poll(fds, 2, ms) < 0 && errno != EINTR)
        return OUT_FAILED;
    if (fds[0].revents & POLLNVAL) {
        errno = EBADF;
        return OUT_FAILED;
    }
    if (fds[0].revents & (POLLERR | POLLHUP))
        return OUT_UNREAD;
    if (fds[0].revents & events) /* what goes without waiting is still written */
        return OUT_GOING;
    return fds[1].revents || (out->until && out->until <= clock_mono_ms()) ? OUT_STOPPED
                                                                           : OUT_GOING;
}

enum out_state out_look(const struct out *out)
{
    return await(out, 0, 0);
}

static int time_left(const struct out *out)
{
    uint64_t now = clock_mono_ms();
    if (!out->until)
        return -1;
    return out->until <= now ? 0 : out->until - now < INT_MAX ? (int)(out->until - now) : INT_MAX;
}

enum out_state out_flush(struct out *out)
{
    struct span rest = buf_span(&out->bytes);
    enum out_state state = OUT_GOING;
    while (rest.n && state == OUT_GOING) {
        state = await(out, POLLOUT, time_left(out));
        if (state != OUT_GOING)
            break;
        ssize_t n = write(STDOUT_FILENO, rest.p, rest.n < PIPE_BUF ? rest.n : PIPE_BUF);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            state = errno == EPIPE ? OUT_UNREAD : OUT_FAILED;
        size_t written = n > 0 ? (size_t)n : 0;
        rest = (struct span){rest.p + written, rest.n - written};
    }
    out->bytes.len = 0;
    return state;
}
