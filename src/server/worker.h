/* A worker: one thread, one loop, its connections and windows. Everything here is the worker's own
 * thread's but for what says otherwise. Work a turn is bounded: some mail, a slice of the fan-out,
 * some connections that are ready, some timeouts, then the loop polls again. */
#ifndef FRESHET_SERVER_WORKER_H
#define FRESHET_SERVER_WORKER_H

#include "engine/engine.h"
#include "hub/window.h"
#include "net/pulse.h"
#include "net/wheel.h"
#include "server/counters.h"
#include "server/envelopes.h"
#include "server/settings.h"

#include <pthread.h>
#include <sys/queue.h>

struct connection;
struct server;

LIST_HEAD(connection_list, connection);
STAILQ_HEAD(connection_queue, connection);

struct worker {
    struct server *server; /* shared, read only */
    const struct settings *settings;
    struct engine *engine;
    unsigned number;
    struct ev_loop *loop;
    struct mailbox mailbox; /* any thread puts */
    struct pulse pulse;
    struct mail *inbox;  /* taken from it, not worked off yet */
    uint64_t inbox_head; /* the log's head when it was taken */
    struct windows windows;
    struct envelopes envelopes;
    struct wheel wheel;
    struct connection_list connections;
    struct connection_queue ready; /* have work that needs no event of the loop, or have closed */
    struct connection_list doomed; /* closed, freed at the end of the turn */
    ev_prepare turn;
    ev_idle busy;
    ev_timer alarm; /* the wheel's next turn, at: */
    uint64_t alarm_ms;
    ev_timer deadline; /* of stopping */
    uint64_t now_ms;   /* monotonic, of this turn */
    uint64_t in_hand;  /* requests at the engine that are not streams' */
    unsigned listings; /* of its connections, under way */
    bool posted;       /* to the engine, which has not been helped since */
    bool over;         /* the thread has ended; what is still in the mail is dropped */
    size_t weight;     /* bytes of all connections' buffers */
    size_t weight_max;
    uint64_t date_s;              /* what `date` says */
    char date[40];                /* the Date header's line */
    struct connection *walk_next; /* of all connections, some a turn: see walk */
    bool stopping;                /* no new requests */
    struct request
        *last_request;        /* REQUEST_QUIET, made beforehand so that stopping needs no memory */
    bool quiet;               /* has told the engine that it publishes no more */
    bool ending;              /* the log is complete: streams end as they have all */
    struct progress progress; /* the engine reads */
    struct counters counters; /* anyone reads */
    pthread_t thread;
};

/* What other threads put into the mailbox besides the engine. */
enum worker_mail {
    WORKER_CONNECTION = ENGINE_MAILS,
    WORKER_STOP,
    WORKER_SETTINGS, /* struct new_settings */
    WORKER_COUNT,    /* struct request: a listing on its way round (channels.c) */
};

/* A new connection for the worker, which then owns the descriptor; freed by it. */
struct arrival {
    struct mail mail;
    int fd;
};

/* Settings to go by from now on, with a reference that becomes the worker's; freed by it. */
struct new_settings {
    struct mail mail;
    const struct settings *settings;
};

/* Prepares it and connects it to the engine; false, with a line in the log, where that fails. */
bool worker_init(struct worker *worker, struct server *server, const struct settings *settings,
                 struct engine *engine, unsigned number);
void worker_start(struct worker *worker);
/* For a hub in one thread, in place of worker_start: does what is to do now, without waiting. */
void worker_poll(struct worker *worker);
/* Waits for the thread, which ends when it was stopped and its connections are gone. */
void worker_join(struct worker *worker);
/* After the engine has stopped: frees what is left. */
void worker_fini(struct worker *worker);

/* The `Date:` line with CRLF of this second. */
const char *worker_date(struct worker *worker);

/* Goes by other settings: all that begins anew from now on does, and streams with their times. */
void worker_set(struct worker *worker, const struct settings *settings);

/* Posts to the engine and counts what is in hand. */
void worker_post(struct worker *worker, struct request *request);

#endif
