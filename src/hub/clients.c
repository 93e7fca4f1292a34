/* The index: a table of lists that doubles. It costs each subscriber a few bytes only, since it is
 * searched for what is sent to one client alone. */
#include "hub/clients.h"

#include <stdlib.h>

enum { FIRST_BUCKETS = 16, EACH_HOLDS = 4 };

struct addressee *addressee_new(const struct selection *selection)
{
    size_t own = (size_t)selection->count - 1;
    struct span name = selection_name(selection, own);
    struct addressee *addressee = malloc(offsetof(struct addressee, name) + name.n);
    if (!addressee)
        return NULL;
    *addressee = (struct addressee){.hash = (uint32_t)selection->names[own].hash,
                                    .length = (uint16_t)name.n,
                                    .given = selection->client_given};
    memcpy(addressee->name, name.p, name.n);
    return addressee;
}

static struct client_list *bucket(const struct windows *windows, uint64_t hash)
{
    return &windows->clients[hash & (windows->client_buckets - 1)];
}

static bool grow(struct windows *windows)
{
    if (windows->client_count < EACH_HOLDS * windows->client_buckets)
        return true;
    struct windows grown = {.client_buckets = windows->client_buckets ? windows->client_buckets * 2
                                                                      : FIRST_BUCKETS};
    grown.clients = calloc(grown.client_buckets, sizeof *grown.clients);
    if (!grown.clients)
        return windows->client_buckets > 0; /* longer lists will do */
    for (size_t i = 0; i < windows->client_buckets; i++) {
        struct subscription *subscription;
        while ((subscription = LIST_FIRST(&windows->clients[i]))) {
            LIST_REMOVE(subscription, by_client);
            LIST_INSERT_HEAD(bucket(&grown, subscription->self->hash), subscription, by_client);
        }
    }
    free(windows->clients);
    windows->clients = grown.clients;
    windows->client_buckets = grown.client_buckets;
    return true;
}

bool clients_add(struct windows *windows, struct subscription *subscription)
{
    if (!grow(windows))
        return false;
    LIST_INSERT_HEAD(bucket(windows, subscription->self->hash), subscription, by_client);
    windows->client_count++;
    return true;
}

void clients_remove(struct windows *windows, struct subscription *subscription)
{
    LIST_REMOVE(subscription, by_client);
    windows->client_count--;
}

void clients_each(struct windows *windows, const struct event *entry, client_visit_fn *visit,
                  void *context)
{
    struct subscription *subscription;
    if (windows->client_count == 0)
        return;
    LIST_FOREACH (subscription, bucket(windows, entry->hash), by_client) {
        const struct addressee *self = subscription->self;
        if (self->hash == (uint32_t)entry->hash &&
            span_equal(addressee_name(self), event_channel(entry)))
            visit(context, subscription);
    }
}
