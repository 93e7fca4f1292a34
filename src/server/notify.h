/* What a service manager is told (sd_notify(3)): that the hub is ready, reloads, stops, how many
 * streams there are, and, where it has a watchdog, that all threads turn. Without NOTIFY_SOCKET in
 * the environment nothing happens. The main thread's. */
#ifndef FRESHET_SERVER_NOTIFY_H
#define FRESHET_SERVER_NOTIFY_H

#include "engine/engine.h"
#include "net/pulse.h"

struct server;

struct notify {
    struct ev_loop *loop; /* NULL: nobody listens */
    const struct server *server;
    struct pulse *pulses[ENGINE_WORKERS_MAX + 1];
    unsigned pulse_count;
    int spare; /* a descriptor held back, so that word can be given when there are none left */
    uint64_t streams; /* as told */
    ev_timer watchdog, status;
};

/* The pulses are added before notify_ready and outlive it. */
void notify_init(struct notify *notify, struct ev_loop *loop, const struct server *server);
void notify_watch(struct notify *notify, struct pulse *pulse);

/* It serves: at first, and after each reload, whether that was accepted or refused. */
void notify_ready(struct notify *notify);
void notify_reloading(struct notify *notify);
/* From here on nothing is told any more. */
void notify_stopping(struct notify *notify);

void notify_fini(struct notify *notify);

#endif
