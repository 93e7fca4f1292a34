/* Which request goes where: one table of paths, methods and handlers. */
#ifndef FRESHET_SERVER_ROUTES_H
#define FRESHET_SERVER_ROUTES_H

#include "server/connection.h"

struct route {
    const char *method;
    const char *path; /* without the name */
    bool named;       /* one more part of the path follows, a name */
    bool changes;     /* changes something: a foreign Origin is refused */
    void (*handle)(struct exchange *exchange);
};

/* The head is there: finds the route and refuses what can be refused before the body. True if the
 * body may come; else it has been answered. */
bool route_begin(struct exchange *exchange);

/* The body is there. The handler answers, now or later. */
void route_handle(struct exchange *exchange);

/* The handlers, one file each. */
void handle_publish(struct exchange *exchange);        /* publish.c */
void handle_publish_client(struct exchange *exchange); /* publish.c */
void handle_subscribe(struct exchange *exchange);      /* subscribe.c */
void handle_health(struct exchange *exchange);         /* status.c */
void handle_metrics(struct exchange *exchange);        /* status.c */
void handle_page(struct exchange *exchange);           /* page.c */

/* For handle_publish: the engine's answer. */
void publish_answer(struct exchange *exchange, const struct request *request);

/* The decoded name of the path, appended to out. */
enum error route_name(const struct exchange *exchange, struct buf *out);

/* Goes on through the query to the next parameter of that name: its value, still encoded. False if
 * there is no more. *query: the request's at first. A name that cannot be decoded is no name that
 * is looked for. */
bool route_next_parameter(struct span *query, struct span name, struct span *value);

/* Looks for the first query parameter of that name: appends the decoded value to out and sets
 * *found. Errors of decoding the value. */
enum error route_parameter(const struct exchange *exchange, struct span name, struct buf *out,
                           bool *found);

#endif
