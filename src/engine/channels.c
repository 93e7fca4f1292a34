/* Channels: a hash for exact names, a treap for prefixes. Names of clients ('@…') are in both but
 * meet no prefix, since '*' alone must not reach them: see channels_trimmed. */
#include "engine/channels.h"

#include "base/check.h"

#include <stdlib.h>

void channels_init(struct channels *channels)
{
    *channels = (struct channels){0};
    TAILQ_INIT(&channels->idle);
}

void channels_fini(struct channels *channels)
{
    struct channel *channel, *next;
    HASH_ITER (hh, channels->table, channel, next) {
        HASH_DEL(channels->table, channel);
        ring_fini(&channel->ring);
        free(channel);
    }
    channels_init(channels);
}

/* ---- the tree ---- */

static struct trimmed max_of(const struct channel *channel)
{
    return channel ? channel->trimmed_max : (struct trimmed){0};
}

static struct trimmed greater(struct trimmed a, struct trimmed b)
{
    return a.id > b.id ? a : b;
}

static uint64_t due_of(const struct channel *channel)
{
    return channel->ring.count ? channel->due_ms : UINT64_MAX;
}

static uint64_t due_in(const struct channel *channel)
{
    return channel ? channel->due_min : UINT64_MAX;
}

static void update(struct channel *channel)
{
    uint64_t due = due_of(channel), left = due_in(channel->left), right = due_in(channel->right);
    uint64_t below = left < right ? left : right;
    channel->trimmed_max =
        greater(channel->trimmed, greater(max_of(channel->left), max_of(channel->right)));
    channel->due_min = due < below ? due : below;
}

/* Puts `by` (may be NULL) where channel hangs. */
static void replace(struct channels *channels, struct channel *channel, struct channel *by)
{
    struct channel *parent = channel->parent;
    if (!parent)
        channels->root = by;
    else if (parent->left == channel)
        parent->left = by;
    else
        parent->right = by;
    if (by)
        by->parent = parent;
}

/* Turns channel above its parent. */
static void rotate_up(struct channels *channels, struct channel *channel)
{
    struct channel *parent = channel->parent, **inner, *moved;
    bool left = parent->left == channel;
    inner = left ? &channel->right : &channel->left;
    moved = *inner;
    replace(channels, parent, channel);
    *inner = parent;
    parent->parent = channel;
    *(left ? &parent->left : &parent->right) = moved;
    if (moved)
        moved->parent = parent;
    update(parent);
    update(channel);
}

static void raise_above(struct channel *channel)
{
    for (; channel; channel = channel->parent) {
        struct trimmed before = channel->trimmed_max;
        uint64_t due = channel->due_min;
        update(channel);
        if (channel->trimmed_max.id == before.id &&
            channel->trimmed_max.deleted == before.deleted && channel->due_min == due)
            return;
    }
}

static void tree_add(struct channels *channels, struct channel *channel)
{
    struct channel **place = &channels->root, *parent = NULL;
    while (*place) {
        parent = *place;
        place = span_compare(channel_name(channel), channel_name(parent)) < 0 ? &parent->left
                                                                              : &parent->right;
    }
    *place = channel;
    channel->parent = parent;
    update(channel);
    raise_above(parent);
    while (channel->parent && channel->parent->hash < channel->hash)
        rotate_up(channels, channel);
}

static void tree_remove(struct channels *channels, struct channel *channel)
{
    while (channel->left || channel->right) {
        struct channel *left = channel->left, *right = channel->right;
        rotate_up(channels, !right || (left && left->hash > right->hash) ? left : right);
    }
    struct channel *parent = channel->parent;
    replace(channels, channel, NULL);
    for (; parent; parent = parent->parent)
        update(parent);
}

/* Over the names that begin with the prefix: they are a range, whose topmost node is found first,
 * and then its two edges are walked down. */
static struct trimmed trimmed_in(const struct channel *channel, struct span prefix)
{
    struct trimmed max = {0};
    while (channel && !span_starts(channel_name(channel), prefix))
        channel = span_compare(channel_name(channel), prefix) < 0 ? channel->right : channel->left;
    if (!channel)
        return max;
    max = channel->trimmed;
    for (const struct channel *c = channel->left; c;) { /* those from the prefix on */
        if (span_starts(channel_name(c), prefix)) {
            max = greater(max, greater(c->trimmed, max_of(c->right)));
            c = c->left;
        } else {
            c = c->right;
        }
    }
    for (const struct channel *c = channel->right; c;) { /* those up to the prefix's end */
        if (span_starts(channel_name(c), prefix)) {
            max = greater(max, greater(c->trimmed, max_of(c->left)));
            c = c->right;
        } else {
            c = c->left;
        }
    }
    return max;
}

/* Over the names below the bound, or from it on. */
static struct trimmed trimmed_beside(const struct channel *channel, struct span bound, bool below)
{
    struct trimmed max = {0};
    while (channel) {
        struct channel *inner = below ? channel->left : channel->right; /* away from the bound */
        bool in = (span_compare(channel_name(channel), bound) < 0) == below;
        if (in)
            max = greater(max, greater(channel->trimmed, max_of(inner)));
        channel = in == below ? channel->right : channel->left;
    }
    return max;
}

struct trimmed channels_trimmed(const struct channels *channels, struct span prefix)
{
    if (prefix.n)
        return trimmed_in(channels->root, prefix);
    return greater(trimmed_beside(channels->root, SPAN("@"), true), /* none that begins with '@' */
                   trimmed_beside(channels->root, SPAN("A"), false));
}

/* The first channel in order whose name is at or above the text; `beyond`: above it. */
static struct channel *first_from(const struct channels *channels, struct span text, bool beyond)
{
    struct channel *found = NULL, *channel = channels->root;
    while (channel) {
        if (span_compare(channel_name(channel), text) >= beyond) {
            found = channel;
            channel = channel->left;
        } else {
            channel = channel->right;
        }
    }
    return found;
}

struct channel *channels_from(const struct channels *channels, struct span name)
{
    return first_from(channels, name, false);
}

struct channel *channels_beyond(const struct channels *channels, struct span name)
{
    return first_from(channels, name, true);
}

/* ---- channels come and go ---- */

struct channel *channels_find(const struct channels *channels, struct span name, uint64_t hash)
{
    struct channel *channel;
    HASH_FIND_BYHASHVALUE(hh, channels->table, name.p, name.n, (unsigned)hash, channel);
    return channel;
}

struct channel *channels_add(struct channels *channels, struct span name, uint64_t hash,
                             uint64_t trimmed_to, uint64_t now_ms)
{
    CHECK(name.n <= UINT8_MAX);
    struct channel *channel = calloc(1, sizeof *channel + name.n);
    if (!channel)
        return NULL;
    channel->hash = hash;
    channel->trimmed.id = trimmed_to;
    channel->name_length = (uint8_t)name.n;
    memcpy(channel->name, name.p, name.n);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, channels->table, channel->name, name.n, (unsigned)hash,
                                channel);
    if (!channel->hh.tbl) {
        free(channel);
        return NULL;
    }
    tree_add(channels, channel);
    channels->count++;
    channel_settle(channels, channel, now_ms);
    return channel;
}

void channels_forget(struct channels *channels, struct channel *channel)
{
    CHECK(channel->idle);
    if (channels->walk == channel)
        channels_walk_on(channels);
    TAILQ_REMOVE(&channels->idle, channel, queue);
    HASH_DEL(channels->table, channel);
    tree_remove(channels, channel);
    channels->count--;
    free(channel);
}

void channel_settle(struct channels *channels, struct channel *channel, uint64_t now_ms)
{
    bool idle = !channel->ring.count && !channel->expected && !channel->workers;
    if (idle == channel->idle)
        return;
    channel->idle = idle;
    if (idle) {
        channel->idle_ms = now_ms;
        TAILQ_INSERT_TAIL(&channels->idle, channel, queue);
    } else {
        TAILQ_REMOVE(&channels->idle, channel, queue);
    }
}

void channels_walk(struct channels *channels)
{
    channels->walk = channels->table;
}

void channels_walk_on(struct channels *channels)
{
    channels->walk = channels->walk->hh.next; /* the table's order: those that are new come last */
}

/* ---- a channel's events ---- */

bool channel_push(struct channels *channels, struct channel *channel, struct event *event,
                  uint64_t expires_ms)
{
    if (!ring_push(&channel->ring, event))
        return false;
    channel->bytes += event_size(event);
    channel_settle(channels, channel, 0);
    if (channel->ring.count == 1)
        channel_due(channel, expires_ms);
    return true;
}

struct event *channel_pop(struct channels *channels, struct channel *channel, uint64_t now_ms)
{
    struct event *event = ring_pop(&channel->ring);
    channel->bytes -= event_size(event);
    channel_trim(channel, event->id, false);
    channel_settle(channels, channel, now_ms);
    return event;
}

void channel_trim(struct channel *channel, uint64_t id, bool deleted)
{
    channel->trimmed = (struct trimmed){id, deleted};
    raise_above(channel);
}

void channel_due(struct channel *channel, uint64_t due_ms)
{
    channel->due_ms = due_ms;
    raise_above(channel);
}

uint64_t channels_next_due(const struct channels *channels)
{
    return due_in(channels->root);
}

struct channel *channels_first_due(const struct channels *channels)
{
    struct channel *channel = channels->root;
    while (due_of(channel) != channel->due_min)
        channel = due_in(channel->left) == channel->due_min ? channel->left : channel->right;
    return channel;
}
