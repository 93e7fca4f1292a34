/* A whole hub in one thread: its engine and one or two workers, turn by turn, its clients being the
 * other ends of socket pairs. Time, sockets and memory are as seams.h and shortage.h say; so a run
 * depends on nothing but what is asked. The main thread, which accepts, is left out. */
#ifndef FRESHET_TESTS_HUB_H
#define FRESHET_TESTS_HUB_H

#include "base/buf.h"
#include "server/worker.h"

enum { HUB_WORKERS_MAX = 2 };

LIST_HEAD(hub_clients, client);

struct hub {
    struct settings settings;
    struct engine *engine;
    unsigned count;
    struct worker workers[HUB_WORKERS_MAX];
    struct mail stops[HUB_WORKERS_MAX];
    struct hub_clients clients;
};

struct client {
    LIST_ENTRY(client) all;
    struct hub *hub;
    unsigned worker;
    int fd, hub_fd;
    struct buf to, from; /* what it has still to send; all that it has got */
    bool deaf;           /* reads nothing for now */
    bool was_deaf;       /* ever */
    bool finished;       /* shuts its side when all is sent */
    bool shut;           /* it has */
    bool reset;          /* its connection was reset */
    bool ended;          /* the hub's side is shut */
};

/* Settings that a test may change before hub_open. */
void hub_settings(struct settings *settings);

/* Begins with seams_init. */
void hub_open(struct hub *hub, const struct settings *settings, unsigned workers);

/* The clients are gone with it. */
void hub_close(struct hub *hub);

/* Turn by turn until nothing moves. Stops the program if that does not come. */
void hub_settle(struct hub *hub);

/* Lets time pass, then settles. */
void hub_pass(struct hub *hub, uint64_t ms);

/* As SIGTERM does. Once. */
void hub_stop(struct hub *hub);

/* Connections that the workers have. */
size_t hub_connections(const struct hub *hub);

struct client *client_new(struct hub *hub, unsigned worker);

/* Closes it and frees it. */
void client_free(struct client *client);

/* Sends, as the hub takes it. */
void client_send(struct client *client, struct span bytes);

/* Sends nothing more after that. */
void client_finish(struct client *client);

/* Both ends find the connection reset. */
void client_reset(struct client *client);

#endif
