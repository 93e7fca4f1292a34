/* Which events the hub keeps and drops by its limits, and what it knows of channels and clients,
 * said naively: arrays, and loops over all of them. view.h says by it what a reader must see,
 * intake.h what a publisher. */
#ifndef FRESHET_TESTS_MODEL_H
#define FRESHET_TESTS_MODEL_H

#include "engine/tail.h"
#include "text.h"

enum { MODEL_NAME = 24, MODEL_INTERESTS = 32 };

struct model_event {
    uint64_t id;
    uint64_t gone;    /* the moment at which it was dropped; 0: it is kept */
    uint64_t deleted; /* it was dropped by this entry of the log; 0: not so */
    uint64_t buried;  /* its place among those that are deleted and still take memory; 0: none */
    size_t size;
    size_t channel;
    struct text text;
};

struct model_channel {
    char name[MODEL_NAME];
    bool known;       /* the newest dropped id is remembered */
    uint64_t dropped; /* that id; the floor from the time when the channel was first seen */
    bool deleted;     /* that one was, by a DELETE */
    unsigned workers; /* that watch it, a bit each */
    unsigned expected;
    bool idle;        /* known, and without events, watchers or any that are expected */
    uint64_t idle_at; /* its place among the idle */
    uint64_t idle_ms; /* since when */
};

/* A prefix that is watched. */
struct model_interest {
    char name[MODEL_NAME];
    unsigned workers;
};

struct model_client {
    char name[MODEL_NAME]; /* with '@' */
    uint64_t until_ms;     /* it is kept away; monotonic */
    uint64_t sent_away;    /* the newest entry that did so */
};

struct model {
    struct tail_limits limits;
    uint64_t head, floor;
    uint64_t moment, burials, idles;
    struct model_event *events; /* all that were ever published */
    size_t count, room, oldest; /* before `oldest` nothing is kept or buried */
    struct model_channel *channels;
    size_t channel_count, channel_room;
    struct model_interest interests[MODEL_INTERESTS];
    struct model_client *clients;
    size_t client_count, client_room;
};

void model_init(struct model *model, struct tail_limits limits, uint64_t birth);
void model_fini(struct model *model);

/* The channel of that name. */
size_t model_channel(struct model *model, const char *name);
size_t model_known(const struct model *model);

/* A publish will bring an event there, or not after all. False if there are too many channels. */
bool model_expect(struct model *model, size_t channel, uint64_t now_ms);
void model_unexpect(struct model *model, size_t channel, uint64_t now_ms);

/* What comes out of the log: an event that was expected, a deletion, a client sent away. */
void model_publish(struct model *model, size_t channel, uint64_t id, size_t size, struct text text,
                   uint64_t now_ms);
void model_forget(struct model *model, size_t channel, uint64_t id, uint64_t now_ms);
void model_dismiss(struct model *model, const char *client, uint64_t id, uint64_t ms,
                   uint64_t mono_ms);

/* A worker watches the name as asked for, or does not any more. False if there are too many. */
bool model_watch(struct model *model, const char *name, unsigned worker, uint64_t now_ms);
void model_unwatch(struct model *model, const char *name, unsigned worker, uint64_t now_ms);

/* The workers that watch a channel by its name or a prefix of it, a bit each. */
unsigned model_watchers(const struct model *model, const char *channel);

void model_expire(struct model *model, uint64_t now_ms);
/* What the events take of memory, those that are buried as well. */
size_t model_bytes(const struct model *model);

/* client: with '@'. */
bool model_keeps_away(const struct model *model, const char *client, uint64_t mono_ms);
/* The newest entry that sent it away; 0 where there is none. */
uint64_t model_sent_away(const struct model *model, const char *client);

/* Whether a name as asked for, perhaps with '*', meets a channel. */
bool model_meets(const char *name, const char *channel);

/* Up to this id something was dropped on that name, or it can no longer be known. */
uint64_t model_dropped(const struct model *model, const char *name, bool *deleted);

/* The event of that id; NULL where there is none. */
const struct model_event *model_find(const struct model *model, uint64_t id);

#endif
