/* The naive model. */
#include "model.h"

#include "base/check.h"
#include "base/id.h"

#include <stdlib.h>

enum { DAY = 86400000 };

/* ---- what is kept ---- */

void model_init(struct model *model, struct tail_limits limits, uint64_t birth)
{
    *model = (struct model){.limits = limits, .head = birth, .floor = birth};
}

void model_fini(struct model *model)
{
    free(model->events);
    free(model->channels);
}

size_t model_channel(struct model *model, const char *name)
{
    for (size_t i = 0; i < model->channel_count; i++)
        if (strcmp(model->channels[i].name, name) == 0)
            return i;
    if (model->channel_count == model->channel_room) {
        model->channel_room = model->channel_room * 2 + 16;
        model->channels =
            memory_resize(model->channels, model->channel_room * sizeof *model->channels);
    }
    struct model_channel *channel = &model->channels[model->channel_count];
    *channel = (struct model_channel){0};
    strcpy(channel->name, name);
    return model->channel_count++;
}

/* The kept events of one channel (of all: SIZE_MAX): how many, how many bytes, which is the oldest.
 */
static size_t kept(const struct model *model, size_t channel, size_t *bytes, size_t *oldest)
{
    size_t count = 0;
    *bytes = 0;
    for (size_t i = model->count; i-- > model->oldest;) {
        const struct model_event *event = &model->events[i];
        if (event->gone || (channel != SIZE_MAX && event->channel != channel))
            continue;
        count++;
        *bytes += event->size;
        *oldest = i;
    }
    return count;
}

size_t model_bytes(const struct model *model)
{
    size_t bytes, oldest;
    kept(model, SIZE_MAX, &bytes, &oldest);
    return bytes;
}

static void drop(struct model *model, size_t i, uint64_t now_ms)
{
    struct model_event *event = &model->events[i];
    struct model_channel *channel = &model->channels[event->channel];
    size_t bytes, oldest;
    event->gone = ++model->moment;
    channel->dropped = event->id;
    if (kept(model, event->channel, &bytes, &oldest) == 0 && !channel->workers) {
        channel->emptied = model->moment;
        channel->emptied_ms = now_ms;
    }
    while (model->oldest < model->count && model->events[model->oldest].gone)
        model->oldest++;
}

static void know(struct model *model, size_t channel)
{
    if (model->channels[channel].known)
        return;
    model->channels[channel].known = true;
    model->channels[channel].dropped = model->floor;
}

void model_watch(struct model *model, size_t channel, unsigned worker)
{
    know(model, channel);
    model->channels[channel].workers |= 1u << worker;
}

void model_unwatch(struct model *model, size_t i, unsigned worker, uint64_t now_ms)
{
    struct model_channel *channel = &model->channels[i];
    size_t bytes, oldest;
    bool watched = channel->workers;
    channel->workers &= ~(1u << worker);
    if (!watched || channel->workers || kept(model, i, &bytes, &oldest))
        return;
    channel->emptied = ++model->moment;
    channel->emptied_ms = now_ms;
    if (channel->dropped == model->floor)
        channel->known = false; /* it tells no more than the floor */
}

void model_publish(struct model *model, size_t channel, uint64_t id, size_t size, uint64_t now_ms)
{
    if (model->count == model->room) {
        model->room = model->room * 2 + 64;
        model->events = memory_resize(model->events, model->room * sizeof *model->events);
    }
    model->events[model->count++] =
        (struct model_event){.id = id, .size = size, .channel = channel};
    model->head = id;
    model->moment++;
    know(model, channel);
    const struct tail_limits *limits = &model->limits;
    size_t count, bytes, oldest = 0;
    while ((count = kept(model, channel, &bytes, &oldest)) > limits->history ||
           bytes > limits->history_bytes)
        drop(model, oldest, now_ms);
    while (kept(model, SIZE_MAX, &bytes, &oldest) && bytes > limits->memory)
        drop(model, oldest, now_ms);
}

/* The known channel that has been empty for longest. */
static struct model_channel *longest_empty(struct model *model)
{
    struct model_channel *found = NULL;
    size_t bytes, oldest;
    for (size_t i = 0; i < model->channel_count; i++) {
        struct model_channel *channel = &model->channels[i];
        if (channel->known && !channel->workers && (!found || channel->emptied < found->emptied) &&
            kept(model, i, &bytes, &oldest) == 0)
            found = channel;
    }
    return found;
}

void model_expire(struct model *model, uint64_t now_ms)
{
    size_t bytes, oldest;
    while (kept(model, SIZE_MAX, &bytes, &oldest) &&
           id_ms(model->events[oldest].id) + model->limits.ttl_ms <= now_ms)
        drop(model, oldest, now_ms);
    struct model_channel *empty;
    while ((empty = longest_empty(model)) && empty->emptied_ms + DAY <= now_ms) {
        empty->known = false;
        if (empty->dropped > model->floor)
            model->floor = empty->dropped;
    }
}

bool model_meets(const char *name, const char *channel)
{
    size_t n = strlen(name);
    return n && name[n - 1] == '*' ? channel[0] != '@' && strncmp(name, channel, n - 1) == 0
                                   : strcmp(name, channel) == 0;
}

uint64_t model_dropped(const struct model *model, const char *name)
{
    bool prefix = strchr(name, '*'), known = false;
    uint64_t newest = 0;
    for (size_t i = 0; i < model->channel_count; i++) {
        const struct model_channel *channel = &model->channels[i];
        if (!channel->known || !model_meets(name, channel->name))
            continue;
        known = true;
        newest = channel->dropped > newest ? channel->dropped : newest;
    }
    return (!known || prefix) && model->floor > newest ? model->floor : newest;
}
