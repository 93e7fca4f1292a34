/* Which events the hub keeps and drops by its limits, and what it knows of channels and clients,
 * said naively: arrays, and loops over all of them. view.h says by it what a reader must see,
 * intake.h what a publisher. */
#ifndef FRESHET_TESTS_MODEL_H
#define FRESHET_TESTS_MODEL_H

#include "engine/tail.h"
#include "text.h"

enum { MODEL_NAME = 24, MODEL_INTERESTS = 32, MODEL_RULES = 6 };

/* The rules' members are set, or RULE_HUBS. The limits' own pointer is for the hub. */
struct model_limits {
    struct tail_limits limits;
    struct rule rules[MODEL_RULES];
    size_t count;
};

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
    struct rule rule; /* what is kept of it */
    bool passed;      /* by the walk that is under way */
    unsigned workers; /* that watch it, a bit each */
    unsigned expected;
    bool idle;        /* known, and without events, watchers or any that are expected */
    uint64_t idle_at; /* its place among the idle; one for all that one model_expire makes so */
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
    struct model_limits set, next; /* next: asked for while a walk is under way */
    bool walking, has_next;
    bool expiring;
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

void model_init(struct model *model, const struct model_limits *limits, uint64_t birth);
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

/* New limits (limits.c), for which a walk begins at once, or when the one under way ends: then
 * model_walk_ends. A step of a walk comes to a channel: true if it is done with it. */
void model_set_limits(struct model *model, const struct model_limits *limits);
void model_walk_ends(struct model *model);
bool model_passes(struct model *model, size_t channel, uint64_t now_ms);
/* The rule for a channel of that name, as the limits say now. */
struct rule model_rule(const struct model *model, const char *name);

/* The oldest kept event of the channel, if it holds more than the rule allows; and away with one.
 */
bool model_is_over(const struct model *model, size_t channel, const struct rule *rule,
                   size_t *oldest);
void model_drop(struct model *model, size_t event, uint64_t now_ms);

/* What has expired goes, and what memory does not hold any more. Which channels are forgotten then
 * is said by the hub, since among those that became idle at once any may be the first. */
void model_expire(struct model *model, uint64_t now_ms);
/* An idle one, of those that come first. */
bool model_must_forget(const struct model *model, uint64_t now_ms);
bool model_may_forget(const struct model *model, size_t channel);
void model_unknow(struct model *model, size_t channel);
/* It is the next of the idle. False if it is not. */
bool model_ranks(struct model *model, size_t channel, uint64_t *last);

/* When the first event that is kept expires. */
uint64_t model_next_expiry(const struct model *model);
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
