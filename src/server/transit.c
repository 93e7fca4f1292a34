/* What a connection has on its way: buffers that grow, are weighed, and go. */
#include "server/connection.h"

#include "server/publish.h"

#include <stdlib.h>

enum {
    IN_MAX = 64 << 10, /* read ahead at most */
    OUT_MAX = 1 << 20, /* the largest answer, */
    OUT_EVENTS = 8,    /* but for an event of which each byte is escaped */
};

void transit_make_room(struct connection *connection)
{
    const struct settings *settings = connection->worker->settings;
    struct transit *transit = connection->transit;
    size_t in = settings->max_head > IN_MAX / 2 ? 2 * settings->max_head : IN_MAX;
    size_t out = OUT_MAX + OUT_EVENTS * settings->max_event;
    transit->in.max = in > transit->in.max ? in : transit->in.max;
    transit->out.max = out > transit->out.max ? out : transit->out.max;
}

struct transit *connection_transit(struct connection *connection)
{
    if (!connection->transit && (connection->transit = calloc(1, sizeof *connection->transit)))
        transit_make_room(connection);
    return connection->transit;
}

void transit_weigh(struct connection *connection)
{
    struct transit *transit = connection->transit;
    if (!transit)
        return;
    const struct exchange *exchange = transit->exchange;
    size_t weight = transit->in.cap + transit->out.cap +
                    (exchange ? exchange->content.cap + exchange->held : 0);
    connection->worker->weight += weight - transit->weight;
    transit->weight = weight;
}

bool connection_is_heavy(const struct connection *connection)
{
    return connection->worker->weight > connection->worker->weight_max;
}

void connection_drop_exchange(struct connection *connection)
{
    struct exchange *exchange = connection->transit ? connection->transit->exchange : NULL;
    if (!exchange)
        return;
    if (exchange->asked)
        exchange->asked->context = NULL; /* the answer is for nobody */
    draft_free(exchange->draft);
    buf_fini(&exchange->content);
    free(exchange);
    connection->transit->exchange = NULL;
}

void transit_empty(struct connection *connection)
{
    struct transit *transit = connection->transit;
    if (!transit)
        return;
    if (transit->partial)
        event_unref(transit->partial);
    transit->partial = NULL;
    buf_fini(&transit->in);
    buf_fini(&transit->out);
    transit_weigh(connection);
}

void connection_shed(struct connection *connection)
{
    if (!connection->streams || !connection->transit || connection->transit->exchange)
        return;
    transit_empty(connection);
    free(connection->transit);
    connection->transit = NULL;
}
