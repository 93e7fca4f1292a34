/* The engine: the log on a thread of its own, and what stores can stand behind it.
 *
 *     worker ──request──▶ engine ──▶ store (append) ──▶ log (order, tail)
 *       ▲                                                   │
 *       └──── the same request, answered ◀── entries in id order, to the workers that watch
 *
 * Everything is asynchronous: a worker posts a request and gets the same request back in its own
 * mailbox when it is done. An answer never overtakes the entries that the log had when it was
 * given. */
#ifndef FRESHET_ENGINE_ENGINE_H
#define FRESHET_ENGINE_ENGINE_H

#include "base/error.h"
#include "engine/keys.h"
#include "engine/listing.h"
#include "engine/tail.h"
#include "net/mailbox.h"
#include "net/pulse.h"

enum { ENGINE_WORKERS_MAX = 64 };

enum request_kind {
    REQUEST_PUBLISH, /* lines in, all accepted or none; their ids are set when it comes back */
    REQUEST_OPEN,    /* selection and start in; from now on this worker watches them; piece out */
    REQUEST_READ,    /* selection and after in; piece out */
    REQUEST_LIST,    /* listing in; rows out */
    REQUEST_UNWATCH, /* name, hash, prefix in; is freed by the engine, not answered */
    REQUEST_QUIET,   /* this worker will publish no more; answered by ENGINE_END to all when all are
                      */
};

/* An entry to be published: an event, or another. */
struct line {
    struct event *entry;
    uint64_t id;   /* out: the entry's, or that of the first one with its key */
    bool repeated; /* out: an earlier one stands for it */
    bool keyed;    /* comes with an idempotency key: */
    struct key_name key;
    uint64_t body;   /* hash of what a retry has to repeat */
    struct key *own; /* the log's, while it is under way */
};

/* One for each thing asked. Made by the worker (request_new), freed by it when it is back
 * (request_free); between, it is the engine's, but for context, which only the worker reads and
 * writes: NULL there is how it cancels. */
struct request {
    struct mail mail; /* kind: ENGINE_ANSWER when it is back */
    enum request_kind kind;
    uint16_t worker;
    enum error error;
    void *context;
    struct line *lines; /* `line`, or one's own allocation */
    uint32_t line_count;
    uint32_t released; /* lines that are out */
    struct line line;
    struct selection *selection;
    struct start start;
    uint64_t after;
    uint32_t limit; /* events of REQUEST_READ; 0: as many as suit a stream */
    struct tail_search search;
    struct piece *piece;
    struct listing *listing;
    uint16_t rounds; /* that the listing has made by all workers */
    uint64_t hash;
    bool prefix;
    uint16_t name_length;
    char name[];
};

/* What comes into a worker's mailbox from the engine, by mail.kind. */
enum engine_mail {
    ENGINE_ENTRIES, /* struct entries */
    ENGINE_ANSWER,  /* struct request */
    ENGINE_END,     /* struct mail: the log takes nothing more; entries before it are the last */
    ENGINE_LIMITS,  /* to the engine: other limits */
    ENGINE_MAILS,   /* other senders number theirs from here */
};

enum { ENTRIES_MAX = 60 };

/* Entries in id order. The receiver owns it (free) and a reference to each. */
struct entries {
    struct mail mail;
    uint32_t count;
    struct event *events[ENTRIES_MAX];
};

/* How far a worker has come, for slowing publishers who outrun delivery: the worker writes, the
 * engine reads. Whole numbers since the start, but waiting: not yet carried round by its fan-out.
 * Always in sequentially consistent order (see engine_caught_up). */
struct progress {
    _Atomic uint64_t taken, taken_bytes;
    _Atomic uint64_t waiting, waiting_bytes;
};

struct log;
struct request_list;

/* A store behind the log. One const table each. All functions run on the engine's thread and do not
 * block it; what takes long completes later by log_accept. */
struct engine_ops {
    const char *name;
    bool anywhere; /* they may run on a worker's thread that helps (engine_help) */
    /* Finds or makes the newest id of the log, from where it goes on. */
    enum error (*open)(struct log *log, uint64_t now_ms, uint64_t *head);
    /* Takes publishes in order, gives each line that is not repeated an id above all before
     * (log_stamp), keeps them as safe as it promises, then calls log_accept for each in order, or
     * log_refuse. */
    void (*append)(struct log *log, struct request_list *batch, uint64_t now_ms);
    void (*close)(struct log *log);
};

extern const struct engine_ops memory_engine;

struct engine;

struct engine_settings {
    const struct engine_ops *ops;
    struct tail_limits limits;
    unsigned workers; /* 1 to ENGINE_WORKERS_MAX */
    bool helped;      /* workers call engine_help */
};

/* What the log holds, for metrics: written by the engine, read by anyone. */
struct engine_figures {
    _Atomic uint64_t bytes, channels, keys;
};

/* Not yet running. NULL and a line in the log where that fails; else the rules in the limits are
 * the engine's. */
struct engine *engine_new(const struct engine_settings *settings);

/* Where worker's entries and answers go, and how far it says it is; both outlive the engine. Before
 * engine_start, for every worker. */
void engine_connect(struct engine *engine, unsigned worker, struct mailbox *mailbox,
                    struct progress *progress);

void engine_start(struct engine *engine);

/* For a hub in one thread, in place of engine_start: does what is to do now, without waiting. */
void engine_poll(struct engine *engine);

/* Ends the thread. */
void engine_stop(struct engine *engine);

/* Stops it if it runs; frees it with the requests that are under way. The workers are gone. NULL is
 * allowed. */
void engine_free(struct engine *engine);

/* Hands a request to the engine. Any worker's thread, which calls engine_help or engine_wake before
 * it sleeps. */
void engine_post(struct engine *engine, struct request *request);

/* After posting: a worker that finds the engine idle takes a turn in its place, since two changes
 * of thread cost more than what is to do. One at a time has the turn. */
void engine_help(struct engine *engine);
/* Or leaves it to the engine's own thread. */
void engine_wake(struct engine *engine);

/* Other limits, while it runs: the engine takes the rules in them over and brings all into force in
 * bounded steps between its turns. What lies over a lowered limit is dropped, and told as trimmed
 * where it was; a raised one counts for what is kept from then on. The latest call counts. False
 * where there is no memory: nothing changes, and the rules stay the caller's. Any thread. */
bool engine_set_limits(struct engine *engine, struct tail_limits limits);

/* Every entry up to here that this worker watches is in its mailbox already. Read this, then take
 * the mail: afterwards the worker has everything up to it. Any thread. */
uint64_t engine_head(const struct engine *engine);

/* Entries up to here are not in the log's memory any more. Any thread. */
uint64_t engine_gone_to(const struct engine *engine);

/* A worker is not far behind, as its progress says by now: publishes that were held may go. Cheap
 * when none is. Any thread. */
void engine_caught_up(struct engine *engine);

/* How far behind a worker may be before publishes are held. */
enum { ENGINE_BEHIND_ENTRIES = 256, ENGINE_BEHIND_BYTES = 1 << 20 };

/* Whether its thread turns. */
struct pulse *engine_pulse(struct engine *engine);

/* Where second renderings are counted. Any thread. */
struct twins *engine_twins(struct engine *engine);

const struct engine_figures *engine_figures(const struct engine *engine);
const char *engine_name(const struct engine *engine);

/* name: for REQUEST_UNWATCH, else empty. It has one line. NULL where there is no memory. */
struct request *request_new(enum request_kind kind, unsigned worker, struct span name);
/* The bytes of all its lines. */
size_t request_bytes(const struct request *request);
/* Frees it and what it holds. */
void request_free(struct request *request);

#endif
