/* The seams. A timer of the hub's loops is started for the far future and kept in a list here with
 * the time at which it is due by our clock. */
#include "seams.h"

#include "base/check.h"
#include "net/mailbox.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

enum { SOCKETS = 1024, TIMERS = 16, PIECES = 80 };

/* Far from any other, so that the two clocks are not taken for each other. */
static const uint64_t wall_start = UINT64_C(1800000000000), mono_start = 50000;

struct timer {
    struct ev_loop *loop;
    ev_timer *timer;
    uint64_t due;
};

static struct {
    struct weather weather;
    uint64_t passed, moves;
    unsigned idle;
    struct timer timers[TIMERS];
    size_t timer_count;
    bool ours[SOCKETS], reset[SOCKETS];
} seams;

void seams_init(void)
{
    memset(&seams, 0, sizeof seams);
}

void seams_weather(struct weather weather)
{
    seams.weather = weather;
}

void seams_socket(int fd)
{
    CHECK(fd < SOCKETS);
    seams.ours[fd] = true;
    seams.reset[fd] = false;
}

void seams_reset(int fd)
{
    CHECK(fd < SOCKETS);
    seams.reset[fd] = true;
}

uint64_t seams_moves(void)
{
    return seams.moves;
}

bool seams_busy(void)
{
    return seams.idle > 0;
}

/* ---- sockets ---- */

ssize_t __real_read(int fd, void *bytes, size_t n);
ssize_t __real_send(int fd, const void *bytes, size_t n, int flags);
ssize_t __real_writev(int fd, const struct iovec *iov, int count);
int __real_close(int fd);
ssize_t __wrap_read(int fd, void *bytes, size_t n);
ssize_t __wrap_send(int fd, const void *bytes, size_t n, int flags);
ssize_t __wrap_writev(int fd, const struct iovec *iov, int count);
int __wrap_close(int fd);

static uint32_t draw(uint32_t bound)
{
    seams.weather.seed = seams.weather.seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(seams.weather.seed >> 33) % bound;
}

/* What the weather makes of a call for n bytes: how many it may move, or -1 and errno. */
static ssize_t allowed(int fd, size_t n)
{
    seams.moves++;
    if (seams.reset[fd]) {
        errno = ECONNRESET;
        return -1;
    }
    if (seams.weather.again && draw(seams.weather.again) == 0) {
        errno = EAGAIN;
        return -1;
    }
    size_t most = seams.weather.most ? 1 + draw((uint32_t)seams.weather.most) : n;
    return (ssize_t)(most < n ? most : n);
}

static bool is_ours(int fd)
{
    return fd >= 0 && fd < SOCKETS && seams.ours[fd];
}

ssize_t __wrap_read(int fd, void *bytes, size_t n)
{
    if (!is_ours(fd))
        return __real_read(fd, bytes, n);
    ssize_t most = allowed(fd, n);
    return most < 0 ? most : __real_read(fd, bytes, (size_t)most);
}

ssize_t __wrap_send(int fd, const void *bytes, size_t n, int flags)
{
    if (!is_ours(fd))
        return __real_send(fd, bytes, n, flags);
    CHECK(n > 0);
    ssize_t most = allowed(fd, n);
    return most < 0 ? most : __real_send(fd, bytes, (size_t)most, flags);
}

ssize_t __wrap_writev(int fd, const struct iovec *iov, int count)
{
    struct iovec pieces[PIECES];
    size_t total = 0;
    if (!is_ours(fd))
        return __real_writev(fd, iov, count);
    CHECK(count > 0 && count <= PIECES);
    for (int i = 0; i < count; i++)
        total += iov[i].iov_len;
    CHECK(total > 0);
    ssize_t most = allowed(fd, total);
    if (most < 0)
        return most;
    size_t left = (size_t)most;
    int n = 0;
    for (; n < count && left; n++) {
        pieces[n] = iov[n];
        if (pieces[n].iov_len > left)
            pieces[n].iov_len = left;
        left -= pieces[n].iov_len;
    }
    return __real_writev(fd, pieces, n);
}

int __wrap_close(int fd)
{
    if (is_ours(fd)) {
        seams.ours[fd] = false;
        seams.moves++;
    }
    return __real_close(fd);
}

/* ---- time ---- */

uint64_t __wrap_clock_wall_ms(void);
uint64_t __wrap_clock_mono_ms(void);
void __real_ev_timer_start(struct ev_loop *loop, ev_timer *timer);
void __real_ev_timer_stop(struct ev_loop *loop, ev_timer *timer);
void __wrap_ev_timer_start(struct ev_loop *loop, ev_timer *timer);
void __wrap_ev_timer_stop(struct ev_loop *loop, ev_timer *timer);

uint64_t __wrap_clock_wall_ms(void)
{
    return wall_start + seams.passed;
}

uint64_t __wrap_clock_mono_ms(void)
{
    return mono_start + seams.passed;
}

void __wrap_ev_timer_start(struct ev_loop *loop, ev_timer *timer)
{
    if (ev_is_active(timer))
        return;
    CHECK(seams.timer_count < TIMERS && timer->repeat == 0.);
    uint64_t due = seams.passed + (uint64_t)(timer->at * 1000 + .5);
    seams.timers[seams.timer_count++] = (struct timer){loop, timer, due};
    timer->at = 1e8;
    __real_ev_timer_start(loop, timer);
}

void __wrap_ev_timer_stop(struct ev_loop *loop, ev_timer *timer)
{
    for (size_t i = 0; i < seams.timer_count; i++)
        if (seams.timers[i].timer == timer) {
            seams.timers[i] = seams.timers[--seams.timer_count];
            break;
        }
    __real_ev_timer_stop(loop, timer);
}

void seams_pass(uint64_t ms)
{
    seams.passed += ms;
    for (size_t i = 0; i < seams.timer_count;) {
        struct timer due = seams.timers[i];
        if (due.due > seams.passed) {
            i++;
            continue;
        }
        __wrap_ev_timer_stop(due.loop, due.timer);
        ev_feed_event(due.loop, due.timer, EV_TIMER);
        seams.moves++;
    }
}

/* ---- what moves ---- */

void __real_ev_idle_start(struct ev_loop *loop, ev_idle *idle);
void __real_ev_idle_stop(struct ev_loop *loop, ev_idle *idle);
void __wrap_ev_idle_start(struct ev_loop *loop, ev_idle *idle);
void __wrap_ev_idle_stop(struct ev_loop *loop, ev_idle *idle);
void __real_mailbox_put(struct mailbox *mailbox, struct mail *mail);
void __wrap_mailbox_put(struct mailbox *mailbox, struct mail *mail);

void __wrap_ev_idle_start(struct ev_loop *loop, ev_idle *idle)
{
    seams.idle += !ev_is_active(idle);
    __real_ev_idle_start(loop, idle);
}

void __wrap_ev_idle_stop(struct ev_loop *loop, ev_idle *idle)
{
    seams.idle -= ev_is_active(idle) != 0;
    __real_ev_idle_stop(loop, idle);
}

void __wrap_mailbox_put(struct mailbox *mailbox, struct mail *mail)
{
    seams.moves++;
    __real_mailbox_put(mailbox, mail);
}
