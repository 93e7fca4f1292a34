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

/* Looks for query parameters of that name: appends the decoded value of the n-th (0 is the first)
 * to out and sets *found. Errors of decoding, whatever parameter has them. */
enum error route_parameter(const struct exchange *exchange, struct span name, size_t n,
                           struct buf *out, bool *found);

#endif
