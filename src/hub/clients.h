/* An index of a worker's subscriptions by their client_id, for what is sent to a client and for its
 * being sent away. Several may have one client_id. One thread: the worker's. */
#ifndef FRESHET_HUB_CLIENTS_H
#define FRESHET_HUB_CLIENTS_H

#include "hub/subscription.h"

/* False where there is no memory for the first one. Its selection stays as it is until
 * clients_remove. */
bool clients_add(struct windows *windows, struct subscription *subscription);
void clients_remove(struct windows *windows, struct subscription *subscription);

/* Calls visit, which must not close it, for each subscription here of the client that the entry
 * names. */
typedef void client_visit_fn(void *context, struct subscription *subscription);
void clients_each(struct windows *windows, const struct event *entry, client_visit_fn *visit,
                  void *context);

#endif
