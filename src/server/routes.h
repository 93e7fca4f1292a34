/* Which request goes where: one table of paths, methods and handlers. */
#ifndef FRESHET_SERVER_ROUTES_H
#define FRESHET_SERVER_ROUTES_H

#include "server/connection.h"

enum naming {
    NAME_NONE,     /* the path is the route's */
    NAME_IN_PATH,  /* one more part of the path follows, a name */
    NAME_IN_QUERY, /* the path is the route's, and ?channel= is there */
};

struct route {
    const char *method;
    const char *path;   /* in front of the name */
    const char *behind; /* the rest of the path, behind the name */
    enum naming naming;
    bool changes;                                   /* something: a foreign Origin is refused */
    enum error (*begin)(struct exchange *exchange); /* before the body; may be NULL */
    void (*handle)(struct exchange *exchange);
};

/* The head is there: finds the route and refuses what can be refused before the body. True if the
 * body may come; else it has been answered. */
bool route_begin(struct exchange *exchange);

/* The body is there. The handler answers, now or later. */
void route_handle(struct exchange *exchange);

/* The handlers, one file each; those of publish.h besides. */
void handle_subscribe(struct exchange *exchange); /* subscribe.c */
void handle_channels(struct exchange *exchange);  /* channels.c */
void handle_channel(struct exchange *exchange);   /* channels.c */
void handle_history(struct exchange *exchange);   /* channels.c */
void handle_forget(struct exchange *exchange);    /* channels.c */
void handle_dismiss(struct exchange *exchange);   /* clients.c */
void handle_health(struct exchange *exchange);    /* status.c */
void handle_metrics(struct exchange *exchange);   /* status.c */
void handle_page(struct exchange *exchange);      /* page.c */

/* The engine's answers, but for a publish's: to REQUEST_LIST (and what came back from the round),
 * to REQUEST_READ of a history, to an entry that is no event. */
void channels_answer(struct exchange *exchange, struct request *request);
void history_answer(struct exchange *exchange, const struct request *request);
void entry_answer(struct exchange *exchange, const struct request *request);

/* A listing on its way round: counts this worker's streams and passes it on. */
void channels_count(struct worker *worker, struct request *request);

/* entry.c: publishes an entry that is no event; answered 204 when it is done. ERROR_STOPPING,
 * ERROR_NO_MEMORY. */
enum error entry_post(struct exchange *exchange, enum entry_kind kind, struct span name,
                      uint64_t value);

/* The channel's name from the path, or else from ?channel=, decoded and appended to out; not
 * checked. */
enum error route_channel(const struct exchange *exchange, struct buf *out, bool *found);

/* '@' and the client_id from the path, decoded, checked and appended to out. */
enum error route_client(const struct exchange *exchange, struct buf *out);

/* Goes on through the query to the next parameter of that name: its value, still encoded. False if
 * there is no more. *query: the request's at first. A name that cannot be decoded is no name that
 * is looked for. */
bool route_next_parameter(struct span *query, struct span name, struct span *value);

/* Looks for the first query parameter of that name: appends the decoded value to out and sets
 * *found. Errors of decoding the value. */
enum error route_parameter(const struct exchange *exchange, struct span name, struct buf *out,
                           bool *found);

#endif
