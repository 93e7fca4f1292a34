/* The streams: many sockets that subscribe and read, and some that subscribe and then never read
 * again. The first options->subscribers read; the stuck ones follow them. */
#ifndef FRESHET_BENCH_SUBSCRIBERS_H
#define FRESHET_BENCH_SUBSCRIBERS_H

#include "check.h"
#include "options.h"
#include "stream.h"

#include "base/buf.h"

#include <ev.h>

struct subscriber;

struct subscribers {
    const struct options *options;
    struct check *check;
    struct ev_loop *loop;
    struct stream_rules rules;
    struct subscriber *all;
    size_t count;
    size_t begun;        /* connected or connecting, since the last open */
    size_t open;         /* have read their opening block */
    size_t failed;       /* were refused, or could not connect */
    size_t at_once;      /* may be on their way at the same time */
    uint64_t opened_ns;  /* when the newest one opened */
    uint64_t gaps;       /* notices of a gap */
    uint64_t ended;      /* open streams, meant to be read, that the hub ended */
    uint64_t bytes;      /* received */
    char failure[160];   /* the first reason of a failed one; empty: none */
    struct buf request;  /* the one being written */
    char *received;      /* the bytes being read */
    uint64_t receive_ns; /* when they came */
    unsigned reads;      /* since `between` */
    /* Called between some reads, for others that cannot wait until all are done. */
    void (*between)(void *context);
    void *context;
};

/* Nothing is connected yet. payload is what will be published. */
void subscribers_init(struct subscribers *subscribers, const struct options *options,
                      const struct payload *payload, struct check *check, struct ev_loop *loop);
void subscribers_fini(struct subscribers *subscribers);

/* Begins to open all streams, at_once at a time, each from the position it had; none is open. */
void subscribers_open(struct subscribers *subscribers, size_t at_once);

/* Closes all streams; each keeps its position. */
void subscribers_leave(struct subscribers *subscribers);

#endif
