/* An index of a worker's subscriptions by their client_id, for what is sent to a client and for its
 * being sent away. Several may have one client_id. One thread: the worker's. */
#ifndef FRESHET_HUB_CLIENTS_H
#define FRESHET_HUB_CLIENTS_H

#include "hub/subscription.h"

/* The client's own channel, which others may send to. */
struct addressee {
    struct link *link; /* in its window, which is made on the first event that is sent there */
    uint32_t hash;     /* the lower half of the name's */
    uint16_t length;   /* of the name */
    bool given;        /* see struct selection */
    char name[];       /* '@' and the client_id */
};

/* NULL where there is no memory. Freed by free. */
struct addressee *addressee_new(const struct selection *selection);

static inline struct span addressee_name(const struct addressee *addressee)
{
    return (struct span){addressee->name, addressee->length};
}

/* Puts it where its `self` is found. False where there is no memory for the first one. */
bool clients_add(struct windows *windows, struct subscription *subscription);
void clients_remove(struct windows *windows, struct subscription *subscription);

/* Calls visit, which must not close it, for each subscription here of the client that the entry
 * names. */
typedef void client_visit_fn(void *context, struct subscription *subscription);
void clients_each(struct windows *windows, const struct event *entry, client_visit_fn *visit,
                  void *context);

#endif
