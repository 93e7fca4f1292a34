/* The hub as a program: listeners, workers, the engine, and how it starts and stops. The calling
 * thread accepts connections and deals them out in turn, so that one hot channel is carried by all
 * workers. */
#ifndef FRESHET_SERVER_SERVER_H
#define FRESHET_SERVER_SERVER_H

#include "net/mailbox.h"
#include "server/counters.h"
#include "server/settings.h"

struct server;

/* Serves until SIGTERM or SIGINT, then stops as the settings say. Returns the program's exit
 * status: 0, or 1 with a sentence on standard error. Once in a process. */
int server_run(const struct settings *settings);

/* How many workers there are, and where to reach one. Any thread. */
unsigned server_workers(const struct server *server);
struct mailbox *server_mailbox(struct server *server, unsigned worker);

/* A metric over all workers. Any thread. */
uint64_t server_sum(const struct server *server, enum metric metric);

#endif
