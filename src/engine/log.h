/* The log: the only place where order is made. Knows which worker watches what; hands accepted
 * entries out in id order; answers what subscriptions ask. No thread and no loop of its own:
 * engine.c runs it on one, and tests run it step by step. Time comes in as wall clock ms.
 *
 *     publishes ──▶ checked ──▶ store ──▶ accepted ──▶ released one by one: tail, workers, answer
 *                      ▲ └─▶ waiting for another with the same key
 *                      └──── again ◀┘                                             (publish.c) */
#ifndef FRESHET_ENGINE_LOG_H
#define FRESHET_ENGINE_LOG_H

#include "engine/dismissals.h"
#include "engine/engine.h"
#include "engine/keys.h"
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
    struct match prefixes; /* who watches which: struct interest; channels know it themselves */
    struct keys keys;
    struct dismissals dismissals;
    struct request_list accepted, again, waiting;
    bool settled;       /* a key is, since those that wait were looked at */
    uint64_t newest;    /* the newest id given */
    uint64_t head;      /* the newest id released: all up to it is in the tail and on its way */
    uint64_t everybody; /* a bit for each worker */
    uint64_t now_ms;    /* monotonic; the owner sets it before each turn */
    struct tail_piece_limits piece_limits;
    uint32_t release_entries; /* let out by one log_release, at most */
};

/* The rules in limits are the log's from then on, but not where it fails. Errors of the store's
 * open. */
enum error log_open(struct log *log, const struct engine_ops *ops, struct tail_limits limits,
                    unsigned workers, struct log_owner owner, uint64_t now_ms);
void log_close(struct log *log);

/* Other limits than those it was opened with (tail_set_limits). */
void log_set_limits(struct log *log, struct tail_limits limits);

/* Publishes: checked and given to the store, with those that waited before. */
void log_publish(struct log *log, struct request_list *batch, uint64_t now_ms);

/* Whether something waits for log_publish or log_release. */
bool log_has_work(const struct log *log);

/* Lets accepted entries out, some of them; answers each request with its last. */
void log_release(struct log *log, uint64_t now_ms);

/* REQUEST_OPEN, _READ, _LIST and _UNWATCH, a bounded step; false: not done, call again later
 * with the same request. */
bool log_step(struct log *log, struct request *request, uint64_t now_ms);

/* For stores: gives the lines of a request their ids. */
void log_stamp(struct log *log, struct request *request, uint64_t now_ms);
/* For stores: the lines of this request have their ids and are as safe as promised. In id order. */
void log_accept(struct log *log, struct request *request);
/* For stores: it is not kept. */
void log_refuse(struct log *log, struct request *request, enum error error, uint64_t now_ms);

/* Between the log's own files: a step of REQUEST_LIST (listing.c); which workers an entry is for
 * (log.c). */
bool log_list(struct log *log, struct request *request);
uint64_t log_workers(struct log *log, const struct event *entry, const struct channel *channel);

#endif
