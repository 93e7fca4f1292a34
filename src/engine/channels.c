/* Channels: a hash for exact names, a treap for prefixes. Names of clients ('@…') are in both but
 * meet no prefix, since '*' alone must not reach them: see channels_trimmed. */
#include "engine/channels.h"

#include "base/check.h"

#include <stdlib.h>

void channels_init(struct channels *channels)
{
    *channels = (struct channels){0};
    TAILQ_INIT(&channels->empty);
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

static struct span name_of(const struct channel *channel)
{
    return (struct span){channel->name, channel->name_length};
}

/* ---- the tree ---- */

static int compare(struct span a, struct span b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static uint64_t max_of(const struct channel *channel)
{
    return channel ? channel->trimmed_max : 0;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void update(struct channel *channel)
{
    channel->trimmed_max =
        greater(channel->trimmed_to, greater(max_of(channel->left), max_of(channel->right)));
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
        uint64_t before = channel->trimmed_max;
        update(channel);
        if (channel->trimmed_max == before)
            return;
    }
}

static void tree_add(struct channels *channels, struct channel *channel)
{
    struct channel **place = &channels->root, *parent = NULL;
    while (*place) {
        parent = *place;
        place = compare(name_of(channel), name_of(parent)) < 0 ? &parent->left : &parent->right;
    }
    *place = channel;
    channel->parent = parent;
    channel->trimmed_max = channel->trimmed_to;
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
static uint64_t trimmed_in(const struct channel *channel, struct span prefix)
{
    uint64_t max = 0;
    while (channel && !span_starts(name_of(channel), prefix))
        channel = compare(name_of(channel), prefix) < 0 ? channel->right : channel->left;
    if (!channel)
        return 0;
    max = channel->trimmed_to;
    for (const struct channel *c = channel->left; c;) { /* those from the prefix on */
        if (span_starts(name_of(c), prefix)) {
            max = greater(max, greater(c->trimmed_to, max_of(c->right)));
            c = c->left;
        } else {
            c = c->right;
        }
    }
    for (const struct channel *c = channel->right; c;) { /* those up to the prefix's end */
        if (span_starts(name_of(c), prefix)) {
            max = greater(max, greater(c->trimmed_to, max_of(c->left)));
            c = c->right;
        } else {
            c = c->left;
        }
    }
    return max;
}

uint64_t channels_trimmed(const struct channels *channels, struct span prefix)
{
    if (prefix.n)
        return trimmed_in(channels->root, prefix);
    uint64_t max = 0;
    for (unsigned first = 1; first < 256; first++) { /* all names but those that begin with '@' */
        char byte = (char)first;
        if (byte != '@')
            max = greater(max, trimmed_in(channels->root, (struct span){&byte, 1}));
    }
    return max;
}

/* ---- channels come and go ---- */

struct channel *channels_find(const struct channels *channels, struct span name, uint64_t hash)
{
    struct channel *channel;
    HASH_FIND_BYHASHVALUE(hh, channels->table, name.p, name.n, (unsigned)hash, channel);
    return channel;
}

struct channel *channels_get(struct channels *channels, struct span name, uint64_t hash,
                             uint64_t trimmed_to, uint64_t now_ms)
{
    struct channel *channel = channels_find(channels, name, hash);
    if (channel)
        return channel;
    channel = calloc(1, sizeof *channel + name.n);
    if (!channel)
        return NULL;
    channel->hash = hash;
    channel->trimmed_to = trimmed_to;
    channel->name_length = (uint16_t)name.n;
    channel->emptied_ms = now_ms;
    memcpy(channel->name, name.p, name.n);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, channels->table, channel->name, name.n, (unsigned)hash,
                                channel);
    if (!channel->hh.tbl) {
        free(channel);
        return NULL;
    }
    tree_add(channels, channel);
    TAILQ_INSERT_TAIL(&channels->empty, channel, empty);
    channels->count++;
    return channel;
}

void channels_forget(struct channels *channels, struct channel *channel)
{
    CHECK(channel->ring.count == 0);
    TAILQ_REMOVE(&channels->empty, channel, empty);
    HASH_DEL(channels->table, channel);
    tree_remove(channels, channel);
    channels->count--;
    free(channel);
}

/* ---- a channel's events ---- */

bool channel_push(struct channels *channels, struct channel *channel, struct event *event)
{
    if (!ring_push(&channel->ring, event))
        return false;
    if (channel->ring.count == 1)
        TAILQ_REMOVE(&channels->empty, channel, empty);
    channel->bytes += event_size(event);
    return true;
}

struct event *channel_pop(struct channels *channels, struct channel *channel, uint64_t now_ms)
{
    struct event *event = ring_pop(&channel->ring);
    channel->bytes -= event_size(event);
    channel->trimmed_to = event->id;
    raise_above(channel);
    if (channel->ring.count == 0) {
        channel->emptied_ms = now_ms;
        TAILQ_INSERT_TAIL(&channels->empty, channel, empty);
    }
    return event;
}
