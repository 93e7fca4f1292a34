/* The log: the only place where order is made. Knows which worker watches what; hands accepted
 * events out in id order; answers what subscriptions ask. No thread and no loop of its own:
 * engine.c runs it on one, and tests run it step by step. Time comes in as wall clock ms. */
#ifndef FRESHET_ENGINE_LOG_H
#define FRESHET_ENGINE_LOG_H

#include "engine/engine.h"
#include "hub/match.h"

struct request_list {
    struct mail *first, **last; /* linked by request->mail.next */
};

void request_list_init(struct request_list *list);
void request_list_add(struct request_list *list, struct request *request);
struct request *request_list_take(struct request_list *list);

/* Who runs the log. */
struct log_owner {
    /* Hands the event (with a reference of its own) to a worker. */
    void (*send)(void *context, unsigned worker, struct event *event);
    /* The request is done. */
    void (*answer)(void *context, struct request *request);
    void *context;
};

struct log {
    const struct engine_ops *ops;
    struct log_owner owner;
    struct tail tail;
    struct match interest; /* who watches what: struct interest */
    uint64_t head;         /* the newest id given */
    uint64_t everybody;    /* a bit for each worker */
    struct tail_piece_limits piece_limits;
};

/* Errors of the store's open. */
enum error log_open(struct log *log, const struct engine_ops *ops, struct tail_limits limits,
                    unsigned workers, struct log_owner owner, uint64_t now_ms);
void log_close(struct log *log);

/* Publishes: answered when the store has them. */
void log_publish(struct log *log, struct request_list *batch, uint64_t now_ms);

/* REQUEST_OPEN, REQUEST_READ and REQUEST_UNWATCH, a bounded step; false: not done, call again later
 * with the same request. */
bool log_step(struct log *log, struct request *request);

/* For stores: the event of this request has its id and is as safe as promised. In id order. */
void log_accept(struct log *log, struct request *request, uint64_t now_ms);
/* For stores: it is not kept. */
void log_refuse(struct log *log, struct request *request, enum error error);

#endif
