/* A hub made of its real parts, driven step by step at random. */
#ifndef FRESHET_TESTS_SIM_H
#define FRESHET_TESTS_SIM_H

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

/* A new hub with new limits, on which nobody is. */
void sim_begin(struct sim *sim);
void sim_step(struct sim *sim);
/* Lets everything come to rest, and checks that all have all. */
void sim_rest(struct sim *sim);
/* Everybody leaves, and nothing is left. */
void sim_end(struct sim *sim);

void sim_print_trace(void);
void sim_print_figures(const struct sim *sim);

#endif
