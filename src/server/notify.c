/* The watchdog is fed only when the engine and every worker have begun a turn since the last time,
 * and they are looked at four times in its interval: a thread that stands for less than half of it
 * does no harm. While the hub stops, the manager's own stop timeout counts instead. */
#include "server/notify.h"

#include "base/units.h"
#include "server/server.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

static const double status_interval = 2.;

/* sd_notify opens a socket each time, and whoever watches must hear of a hub that has used up its
 * descriptors too. Nobody takes the spare one meanwhile: this is the thread that accepts. */
static void tell(struct notify *notify, const char *what)
{
    if (notify->spare >= 0)
        close(notify->spare);
    sd_notify(0, what);
    notify->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* ---- watchdog ---- */

static bool all_turn(const struct notify *notify)
{
    bool all = true;
    for (unsigned i = 0; i < notify->pulse_count; i++)
        all &= pulse_answered(notify->pulses[i]);
    return all;
}

static void on_watchdog(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct notify *notify = timer->data;
    if (!all_turn(notify))
        return;
    tell(notify, "WATCHDOG=1");
    for (unsigned i = 0; i < notify->pulse_count; i++)
        pulse_ask(notify->pulses[i]);
}

/* ---- status ---- */

static void tell_streams(struct notify *notify, const char *before)
{
    char text[128];
    notify->streams = server_sum(notify->server, METRIC_SUBSCRIBERS);
    snprintf(text, sizeof text, "%sSTATUS=%s stream%s", before, grouped(notify->streams).text,
             notify->streams == 1 ? "" : "s");
    tell(notify, text);
}

static void on_status(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    struct notify *notify = timer->data;
    if (server_sum(notify->server, METRIC_SUBSCRIBERS) != notify->streams)
        tell_streams(notify, "");
}

/* ---- life ---- */

void notify_init(struct notify *notify, struct ev_loop *loop, const struct server *server)
{
    *notify = (struct notify){.spare = -1, .server = server};
    if (!getenv("NOTIFY_SOCKET"))
        return;
    uint64_t limit_us = 0;
    notify->loop = loop;
    ev_timer_init(&notify->watchdog, on_watchdog, 0., 0.);
    ev_timer_init(&notify->status, on_status, status_interval, status_interval);
    notify->watchdog.data = notify->status.data = notify;
    if (sd_watchdog_enabled(0, &limit_us) > 0)
        notify->watchdog.repeat = (double)limit_us / 4e6;
}

void notify_watch(struct notify *notify, struct pulse *pulse)
{
    notify->pulses[notify->pulse_count++] = pulse;
}

void notify_ready(struct notify *notify)
{
    if (!notify->loop)
        return;
    tell_streams(notify, "READY=1\n");
    ev_timer_start(notify->loop, &notify->status);
    if (notify->watchdog.repeat > 0.)
        ev_timer_again(notify->loop, &notify->watchdog);
}

void notify_reloading(struct notify *notify)
{
    char text[128];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=Reading the settings",
             now.tv_sec * 1000000LL + now.tv_nsec / 1000);
    if (notify->loop)
        tell(notify, text);
}

void notify_stopping(struct notify *notify)
{
    if (notify->loop)
        tell(notify, "STOPPING=1\nSTATUS=Sending the streams away");
    notify_fini(notify);
}

void notify_fini(struct notify *notify)
{
    if (notify->loop) {
        ev_timer_stop(notify->loop, &notify->watchdog);
        ev_timer_stop(notify->loop, &notify->status);
    }
    if (notify->spare >= 0)
        close(notify->spare);
    notify->spare = -1;
    notify->loop = NULL;
}
