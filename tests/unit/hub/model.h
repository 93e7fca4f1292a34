/* Which events the hub keeps and drops by its limits, said naively: arrays, and loops over all of
 * them. view.h says by it what a reader must see. */
#ifndef FRESHET_TESTS_MODEL_H
#define FRESHET_TESTS_MODEL_H

#include "engine/tail.h"

enum { MODEL_NAME = 24 };

struct model_event {
    uint64_t id;
    uint64_t gone; /* the moment at which it was dropped; 0: it is kept */
    size_t size;
    size_t channel;
};

struct model_channel {
    char name[MODEL_NAME];
    bool known;          /* the newest dropped id is remembered */
    uint64_t dropped;    /* that id; the floor from the time when the channel was first seen */
    unsigned workers;    /* that watch it, a bit each */
    uint64_t emptied;    /* the moment at which it was left without events and watchers */
    uint64_t emptied_ms; /* and the time */
};

struct model {
    struct tail_limits limits;
    uint64_t head, floor;
    uint64_t moment;
    struct model_event *events; /* all that were ever published */
    size_t count, room, oldest; /* before `oldest` nothing is kept */
    struct model_channel *channels;
    size_t channel_count, channel_room;
};

void model_init(struct model *model, struct tail_limits limits, uint64_t birth);
void model_fini(struct model *model);

/* The channel of that name. */
size_t model_channel(struct model *model, const char *name);
void model_publish(struct model *model, size_t channel, uint64_t id, size_t size, uint64_t now_ms);
/* A worker watches the channel, or does not any more. */
void model_watch(struct model *model, size_t channel, unsigned worker);
void model_unwatch(struct model *model, size_t channel, unsigned worker, uint64_t now_ms);
void model_expire(struct model *model, uint64_t now_ms);
size_t model_bytes(const struct model *model);

/* Whether a name as asked for, perhaps with '*', meets a channel. */
bool model_meets(const char *name, const char *channel);

/* Up to this id something was dropped on that name, or it can no longer be known. */
uint64_t model_dropped(const struct model *model, const char *name);

#endif
