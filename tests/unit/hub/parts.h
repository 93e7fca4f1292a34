/* The hub's real log, windows and subscriptions, in one thread without a socket or a loop: what
 * travels between them lies in queues, and sockets take what they are told to. Streams do here what
 * src/server/stream.c does, workers what worker.c does, the engine what engine.c does; when is up
 * to the caller. */
#ifndef FRESHET_TESTS_PARTS_H
#define FRESHET_TESTS_PARTS_H

#include "engine/log.h"
#include "hub/subscription.h"
#include "view.h"

enum { SIM_WORKERS = 3, SIM_READERS = 20, SIM_CLIENTS = 3, SIM_NOTICES = 32 };

/* What travels from the log to a worker: an entry or an answer. */
struct parcel {
    struct parcel *next;
    struct event *event;
    struct request *request;
};

struct worker {
    unsigned number;
    struct windows windows;
    struct parcel *mailbox, **mailbox_end;
    struct parcel *inbox; /* what is taken out of it and not worked off */
    bool head_read;       /* the mail is about to be taken */
    uint64_t inbox_head;
};

/* What a stream has put into its connection's buffer. */
struct notice {
    enum { NOTICE_GAP, NOTICE_POSITION, NOTICE_COMMENT } kind;
    uint64_t id;
    struct gap gap;
};

struct stream {
    struct reader *reader;
    struct worker *worker;
    struct subscription subscription;
    struct request *asked;
    struct view view;
    bool begun;                        /* the log looks for where it starts */
    uint64_t begun_head, begun_moment; /* when it began */
    bool open, blocked, ready;
    struct notice out[SIM_NOTICES];
    size_t out_count;
    struct event *partial;
    unsigned room; /* of the socket, in halves of what is written */
    enum { FAST, SLOW, STUCK } speed;
};

/* Somebody who connects, leaves and comes back. */
struct reader {
    size_t number;
    struct stream *stream;
    bool knows; /* a position */
    uint64_t position;
    size_t count;
    char names[VIEW_NAMES][MODEL_NAME];
    char client[MODEL_NAME - 1]; /* its id */
};

struct sim {
    uint64_t random, step, now_ms;
    struct log log;
    struct model model;
    struct tail_piece_limits piece_limits;
    unsigned worker_count;
    struct worker workers[SIM_WORKERS];
    struct request_list publishes, steps;
    uint64_t head, gone_to; /* what the engine tells its workers */
    struct reader readers[SIM_READERS];
    unsigned made; /* clients' ids */
    uint64_t events, deliveries, streams, gaps[GAP_REASONS], asks;
};

/* ---- chance ---- */

static inline size_t below(struct sim *sim, size_t bound)
{
    sim->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = sim->random;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((z ^ z >> 31) % bound);
}

static inline bool one_in(struct sim *sim, size_t n)
{
    return below(sim, n) == 0;
}

static inline size_t one_of(struct sim *sim, const size_t *values, size_t count)
{
    return values[below(sim, count)];
}

#define ONE_OF(sim, ...) \
    one_of((sim), (const size_t[]){__VA_ARGS__}, sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t))

/* ---- the engine ---- */

/* The log's owner. */
void log_sends(void *context, unsigned number, struct event *event);
void log_answers(void *context, struct request *request);

/* A request on its way to the log. */
void post(struct sim *sim, struct request *request);

/* The parts of a turn, in any order: all publishes, some steps, what is gone, and then telling the
 * workers how far it has come. */
void run_publishes(struct sim *sim);
void run_steps(struct sim *sim, size_t count);
void expire(struct sim *sim);
void tell_figures(struct sim *sim);

/* ---- a worker ---- */

/* For its windows. */
void *make_unwatch(void *context, struct window *window);
void send_unwatch(void *context, void *unwatch);

/* Taking mail begins with reading the head; more may come between that and the rest. */
void read_head(const struct sim *sim, struct worker *worker);
void take_mail(struct sim *sim, struct worker *worker, size_t count);

/* False if nobody was to be served. */
bool run_slice(struct sim *sim, struct worker *worker, size_t count);

/* ---- a stream ---- */

void flush(struct sim *sim, struct stream *stream);
void keepalive(struct sim *sim, struct stream *stream);
/* Its socket has been emptied a little. */
void drain(struct sim *sim, struct stream *stream);

#endif
