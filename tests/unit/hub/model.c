/* The naive model. */
#include "model.h"

#include "base/check.h"
#include "base/id.h"

#include <stdlib.h>

enum { DAY = 86400000 };

void model_init(struct model *model, const struct model_limits *limits, uint64_t birth)
{
    *model = (struct model){.set = *limits, .head = birth, .floor = birth};
}

void model_fini(struct model *model)
{
    free(model->events);
    free(model->channels);
    free(model->clients);
}

/* Room for one more. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return array;
    *room = *room * 2 + 16;
    return memory_resize(array, *room * size);
}

size_t model_channel(struct model *model, const char *name)
{
    for (size_t i = 0; i < model->channel_count; i++)
        if (strcmp(model->channels[i].name, name) == 0)
            return i;
    model->channels =
        grow(model->channels, model->channel_count, &model->channel_room, sizeof *model->channels);
    struct model_channel *channel = &model->channels[model->channel_count];
    *channel = (struct model_channel){0};
    strcpy(channel->name, name);
    return model->channel_count++;
}

/* ---- what is kept ---- */

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

/* The one that was buried first. */
static struct model_event *first_buried(const struct model *model)
{
    struct model_event *first = NULL;
    for (size_t i = model->oldest; i < model->count; i++) {
        struct model_event *event = &model->events[i];
        if (event->buried && (!first || event->buried < first->buried))
            first = event;
    }
    return first;
}

size_t model_bytes(const struct model *model)
{
    size_t bytes, oldest;
    kept(model, SIZE_MAX, &bytes, &oldest);
    for (size_t i = model->oldest; i < model->count; i++)
        bytes += model->events[i].buried ? model->events[i].size : 0;
    return bytes;
}

/* After its events, its watchers or what is expected changed. */
static void settle(struct model *model, size_t i, uint64_t now_ms)
{
    struct model_channel *channel = &model->channels[i];
    size_t bytes, oldest;
    bool idle = channel->known && !channel->workers && !channel->expected &&
                kept(model, i, &bytes, &oldest) == 0;
    if (idle && !channel->idle) {
        channel->idle_at = model->idles += !model->expiring;
        channel->idle_ms = now_ms;
    }
    channel->idle = idle;
}

static void pass_the_gone(struct model *model)
{
    while (model->oldest < model->count && model->events[model->oldest].gone &&
           !model->events[model->oldest].buried)
        model->oldest++;
}

void model_drop(struct model *model, size_t i, uint64_t now_ms)
{
    struct model_event *event = &model->events[i];
    struct model_channel *channel = &model->channels[event->channel];
    event->gone = ++model->moment;
    channel->dropped = event->id;
    channel->deleted = false;
    settle(model, event->channel, now_ms);
    pass_the_gone(model);
}

/* What is buried goes first. */
static void drop_oldest(struct model *model, uint64_t now_ms)
{
    struct model_event *buried = first_buried(model);
    size_t bytes, oldest = 0;
    if (buried) {
        buried->buried = 0;
        pass_the_gone(model);
    } else {
        kept(model, SIZE_MAX, &bytes, &oldest);
        model_drop(model, oldest, now_ms);
    }
}

bool model_is_over(const struct model *model, size_t channel, const struct rule *rule,
                   size_t *oldest)
{
    size_t bytes, count = kept(model, channel, &bytes, oldest);
    return count > rule->history || bytes > rule->history_bytes;
}

static uint64_t expiry(const struct model *model, size_t i)
{
    const struct model_event *event = &model->events[i];
    return id_ms(event->id) + model->channels[event->channel].rule.ttl_ms;
}

/* ---- channels that are known ---- */

size_t model_known(const struct model *model)
{
    size_t known = 0;
    for (size_t i = 0; i < model->channel_count; i++)
        known += model->channels[i].known;
    return known;
}

/* The one that has been idle for longest. */
static struct model_channel *longest_idle(const struct model *model)
{
    struct model_channel *found = NULL;
    for (size_t i = 0; i < model->channel_count; i++) {
        struct model_channel *channel = &model->channels[i];
        if (channel->idle && (!found || channel->idle_at < found->idle_at))
            found = channel;
    }
    return found;
}

void model_unknow(struct model *model, size_t i)
{
    struct model_channel *channel = &model->channels[i];
    channel->known = channel->idle = false;
    if (channel->dropped > model->floor)
        model->floor = channel->dropped;
}

static size_t index_of(const struct model *model, const struct model_channel *channel)
{
    return (size_t)(channel - model->channels);
}

static bool know(struct model *model, size_t i, uint64_t max, uint64_t now_ms)
{
    struct model_channel *channel = &model->channels[i];
    if (channel->known)
        return true;
    if (model_known(model) >= max) {
        struct model_channel *idle = longest_idle(model);
        if (!idle)
            return false;
        model_unknow(model, index_of(model, idle));
    }
    channel->known = channel->passed = true;
    channel->rule = model_rule(model, channel->name);
    channel->dropped = model->floor;
    channel->deleted = false;
    settle(model, i, now_ms);
    return true;
}

bool model_expect(struct model *model, size_t channel, uint64_t now_ms)
{
    if (!know(model, channel, model->set.limits.channels, now_ms))
        return false;
    model->channels[channel].expected++;
    settle(model, channel, now_ms);
    return true;
}

void model_unexpect(struct model *model, size_t channel, uint64_t now_ms)
{
    model->channels[channel].expected--;
    settle(model, channel, now_ms);
}

static struct model_interest *interest_in(struct model *model, const char *name)
{
    struct model_interest *free_place = NULL;
    for (size_t i = 0; i < MODEL_INTERESTS; i++) {
        struct model_interest *interest = &model->interests[i];
        if (interest->workers && strcmp(interest->name, name) == 0)
            return interest;
        if (!interest->workers && !free_place)
            free_place = interest;
    }
    CHECK(free_place);
    strcpy(free_place->name, name);
    return free_place;
}

static size_t interests(const struct model *model)
{
    size_t count = 0;
    for (size_t i = 0; i < MODEL_INTERESTS; i++)
        count += model->interests[i].workers != 0;
    return count;
}

bool model_watch(struct model *model, const char *name, unsigned worker, uint64_t now_ms)
{
    if (strchr(name, '*')) {
        struct model_interest *interest = interest_in(model, name);
        if (!interest->workers && interests(model) >= model->set.limits.channels)
            return false;
        interest->workers |= 1u << worker;
        return true;
    }
    size_t i = model_channel(model, name);
    uint64_t max = model->set.limits.channels; /* but for what is kept for publishers */
    if (!know(model, i, max - max / 8, now_ms))
        return false;
    model->channels[i].workers |= 1u << worker;
    settle(model, i, now_ms);
    return true;
}

void model_unwatch(struct model *model, const char *name, unsigned worker, uint64_t now_ms)
{
    if (strchr(name, '*')) {
        interest_in(model, name)->workers &= ~(1u << worker);
        return;
    }
    size_t i = model_channel(model, name);
    struct model_channel *channel = &model->channels[i];
    channel->workers &= ~(1u << worker);
    settle(model, i, now_ms);
    if (channel->idle && channel->dropped == model->floor)
        model_unknow(model, i); /* it tells no more than the floor */
}

unsigned model_watchers(const struct model *model, const char *name)
{
    unsigned workers = 0;
    for (size_t i = 0; i < model->channel_count; i++)
        if (strcmp(model->channels[i].name, name) == 0)
            workers |= model->channels[i].workers;
    for (size_t i = 0; i < MODEL_INTERESTS; i++)
        if (model_meets(model->interests[i].name, name))
            workers |= model->interests[i].workers;
    return workers;
}

/* ---- what comes out of the log ---- */

void model_publish(struct model *model, size_t channel, uint64_t id, size_t size, struct text text,
                   uint64_t now_ms)
{
    size_t before = model_bytes(model);
    model->events = grow(model->events, model->count, &model->room, sizeof *model->events);
    model->events[model->count++] =
        (struct model_event){.id = id, .size = size, .channel = channel, .text = text};
    model->head = id;
    model->moment++;
    model->channels[channel].expected--;
    settle(model, channel, now_ms);
    size_t oldest = 0;
    while (model_is_over(model, channel, &model->channels[channel].rule, &oldest))
        model_drop(model, oldest, now_ms);
    while (model_bytes(model) > model->set.limits.memory && model_bytes(model) > before)
        drop_oldest(model, now_ms);
}

void model_forget(struct model *model, size_t channel, uint64_t id, uint64_t now_ms)
{
    model->head = id;
    model->moment++;
    for (size_t i = model->oldest; i < model->count; i++) {
        struct model_event *event = &model->events[i];
        if (event->gone || event->channel != channel)
            continue;
        event->gone = model->moment;
        event->deleted = id;
        event->buried = ++model->burials;
        model->channels[channel].dropped = event->id;
        model->channels[channel].deleted = true;
    }
    settle(model, channel, now_ms);
}

static struct model_client *find_client(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->client_count; i++)
        if (strcmp(model->clients[i].name, name) == 0)
            return &model->clients[i];
    return NULL;
}

void model_dismiss(struct model *model, const char *name, uint64_t id, uint64_t ms,
                   uint64_t mono_ms)
{
    struct model_client *client = find_client(model, name);
    model->head = id;
    model->moment++;
    if (!client) {
        model->clients =
            grow(model->clients, model->client_count, &model->client_room, sizeof *model->clients);
        client = &model->clients[model->client_count++];
        *client = (struct model_client){0};
        strcpy(client->name, name);
    }
    client->sent_away = id;
    if (ms)
        client->until_ms = mono_ms + ms;
}

void model_expire(struct model *model, uint64_t now_ms)
{
    while (first_buried(model) || model_bytes(model) > model->set.limits.memory)
        drop_oldest(model, now_ms);
    for (size_t i = model->oldest; i < model->count; i++)
        if (!model->events[i].gone && expiry(model, i) <= now_ms)
            model_drop(model, i, now_ms);
}

uint64_t model_next_expiry(const struct model *model)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = model->oldest; i < model->count; i++)
        if (!model->events[i].gone && expiry(model, i) < next)
            next = expiry(model, i);
    return next;
}

bool model_must_forget(const struct model *model, uint64_t now_ms)
{
    const struct model_channel *idle = longest_idle(model);
    return idle &&
           (idle->idle_ms + DAY <= now_ms || model_known(model) > model->set.limits.channels);
}

bool model_may_forget(const struct model *model, size_t i)
{
    const struct model_channel *idle = longest_idle(model);
    return idle && model->channels[i].idle && model->channels[i].idle_at == idle->idle_at;
}

bool model_ranks(struct model *model, size_t i, uint64_t *last)
{
    struct model_channel *channel = &model->channels[i];
    bool right = channel->idle && channel->idle_at >= *last;
    *last = channel->idle_at;
    channel->idle_at = ++model->idles;
    return right;
}

/* ---- what is asked of it ---- */

bool model_keeps_away(const struct model *model, const char *name, uint64_t mono_ms)
{
    const struct model_client *client = find_client(model, name);
    return client && client->until_ms > mono_ms;
}

uint64_t model_sent_away(const struct model *model, const char *name)
{
    const struct model_client *client = find_client(model, name);
    return client ? client->sent_away : 0;
}

bool model_meets(const char *name, const char *channel)
{
    size_t n = strlen(name);
    return n && name[n - 1] == '*' ? channel[0] != '@' && strncmp(name, channel, n - 1) == 0
                                   : strcmp(name, channel) == 0;
}

uint64_t model_dropped(const struct model *model, const char *name, bool *deleted)
{
    bool prefix = strchr(name, '*'), known = false;
    uint64_t newest = 0;
    *deleted = false;
    for (size_t i = 0; i < model->channel_count; i++) {
        const struct model_channel *channel = &model->channels[i];
        if (!channel->known || !model_meets(name, channel->name))
            continue;
        known = true;
        if (channel->dropped > newest) {
            newest = channel->dropped;
            *deleted = channel->deleted;
        }
    }
    if ((known && !prefix) || newest > model->floor)
        return newest;
    *deleted = false;
    return model->floor;
}

const struct model_event *model_find(const struct model *model, uint64_t id)
{
    for (size_t i = model->count; i-- > 0 && model->events[i].id >= id;)
        if (model->events[i].id == id)
            return &model->events[i];
    return NULL;
}
