/* The hub's real log, windows and subscriptions, in one thread without a socket or a loop: what
 * travels between them lies in queues, and sockets take what they are told to. Streams do here what
 * src/server/stream.c does, workers what worker.c does, the engine what engine.c does; when is up
 * to the caller. */
#ifndef FRESHET_TESTS_PARTS_H
#define FRESHET_TESTS_PARTS_H

#include "engine/log.h"
#include "hub/subscription.h"
#include "intake.h"
#include "view.h"

enum { SIM_WORKERS = 3, SIM_READERS = 20, SIM_CLIENTS = 3, SIM_NOTICES = 32 };

/* What a run has seen, told at its end. */
enum sim_figure {
    SIM_EVENTS,
    SIM_DELIVERIES,
    SIM_ENVELOPES,
    SIM_STREAMS,
    SIM_ASKS,
    SIM_REPEATED,
    SIM_REFUSED_KEY,
    SIM_REFUSED_KEYS,
    SIM_REFUSED_CHANNELS,
    SIM_REFUSED_STORE,
    SIM_WAITED,
    SIM_FORGOTTEN,
    SIM_DISMISSED,
    SIM_CHANGES,
    SIM_KEPT_AWAY,
    SIM_NOT_OPENED,
    SIM_TRIMMED,
    SIM_SLOW,
    SIM_UNKNOWN,
    SIM_FIGURES
};

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
    struct sim *sim;
    struct reader *reader;
    struct worker *worker;
    struct subscription subscription;
    struct request *asked;
    struct view view;
    bool begun;                        /* the log looks for where it starts */
    uint64_t begun_head, begun_moment; /* when it began */
    bool open, blocked, ready;
    bool envelopes; /* it wants these */
    bool dismissed; /* is to end */
    bool ended;     /* is closed, and waits to be freed */
    struct stream *next_ended;
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

/* A store that takes its time, and refuses at times. */
struct store {
    struct request_list requests;
    bool at_once; /* accepts when it gets them, as the memory engine does */
    bool early;   /* gives the ids when it gets them */
};

struct sim {
    uint64_t random, step;
    uint64_t now_ms, mono_ms;
    struct log log;
    struct model model;
    struct intake intake;
    struct store store;
    struct twins twins;
    enum error opening_error; /* of the opening that the log looks at */
    struct tail_piece_limits piece_limits;
    unsigned worker_count;
    struct worker workers[SIM_WORKERS];
    struct publication_list posted;
    struct request_list steps;
    uint64_t head, gone_to;   /* what the engine tells its workers */
    unsigned due_to, sent_to; /* workers that must get the newest entry, and that did; a bit each */
    struct reader readers[SIM_READERS];
    struct stream *ended;
    unsigned made; /* clients' ids */
    uint64_t figures[SIM_FIGURES];
};

static inline void count(struct sim *sim, enum sim_figure figure)
{
    sim->figures[figure]++;
}

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

/* A request on its way to the log; publishes go by publication_list_add to `posted`. */
void post(struct sim *sim, struct request *request);

/* The parts of a turn, in any order: some steps, what is gone, and then telling the workers how far
 * it has come. */
void run_steps(struct sim *sim, size_t count);
void expire(
    struct sim *sim); /* limits.c; as far as a walk for new limits is concerned, a step or all */
void tell_figures(struct sim *sim);

/* Puts what the log has for a worker into its mailbox. */
void put_parcel(struct worker *worker, struct event *event, struct request *request);

/* ---- limits (limits.c) ---- */

void choose_limits(struct sim *sim, struct model_limits *set);
/* With rules of its own. */
struct tail_limits real_limits(const struct model_limits *set);
void trace_limits(const struct model_limits *set);
/* New ones, in mid-run. */
void change_limits(struct sim *sim);

/* ---- publishing (store.c) ---- */

extern const struct engine_ops sim_store;

/* Some of what is posted goes into the log. */
void run_publishes(struct sim *sim, size_t count);
/* The store decides about some. */
void run_store(struct sim *sim, size_t count);
/* The log lets some out. */
void run_release(struct sim *sim);
/* The model follows what the log has let out by now. */
void follow(struct sim *sim);
/* The log answers a publish. */
void log_answers_publish(struct sim *sim, struct request *request);

/* ---- a worker ---- */

/* For its windows. */
void *make_unwatch(void *context, struct window *window);
void send_unwatch(void *context, void *unwatch);

/* Taking mail begins with reading the head; more may come between that and the rest. */
void read_head(const struct sim *sim, struct worker *worker);
void take_mail(struct sim *sim, struct worker *worker, size_t count);

/* False if nobody was to be served. */
bool run_slice(struct sim *sim, struct worker *worker, size_t count);

/* ---- a stream (stream.c); whatever flushes may end it, and it is freed by free_ended ---- */

void stream_answered(struct sim *sim, struct stream *stream, struct request *request);
/* Its client is sent away. */
void stream_dismissed(struct stream *stream);
void flush(struct sim *sim, struct stream *stream);
void keepalive(struct sim *sim, struct stream *stream);
/* Its socket has been emptied a little. */
void drain(struct sim *sim, struct stream *stream);
/* Its reader has what it has seen, and is without a stream. */
void end_stream(struct sim *sim, struct stream *stream);
void free_ended(struct sim *sim);

/* ---- other questions (pages.c) ---- */

void ask_page(struct sim *sim);
void log_answers_page(struct sim *sim, struct request *request);

#endif
