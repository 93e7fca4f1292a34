/* Cursors: what is next, and where they stand. See subscription.h. */
#include "hub/subscription.h"

#include "base/check.h"

#include <stdlib.h>

/* ---- states ---- */

static const char *const state_names[] = {"opening", "catching-up", "live", "closed"};
static const char *const reason_names[GAP_REASONS] = {"trimmed", "slow", "unknown"};

const char *subscription_state_name(enum subscription_state state)
{
    return state_names[state];
}

const char *gap_reason_name(enum gap_reason reason)
{
    return reason_names[reason];
}

static void become(struct subscription *subscription, enum subscription_state state)
{
    static const uint8_t legal[] = {
        [SUBSCRIPTION_OPENING] = 1 << SUBSCRIPTION_CATCHING_UP | 1 << SUBSCRIPTION_CLOSED,
        [SUBSCRIPTION_CATCHING_UP] = 1 << SUBSCRIPTION_LIVE | 1 << SUBSCRIPTION_CLOSED,
        [SUBSCRIPTION_LIVE] = 1 << SUBSCRIPTION_CATCHING_UP | 1 << SUBSCRIPTION_CLOSED,
        [SUBSCRIPTION_CLOSED] = 0,
    };
    CHECK(legal[subscription->state] & 1 << state);
    subscription->state = state;
}

/* ---- the index of clients ---- */

static struct client_list *client_bucket(const struct windows *windows, uint64_t hash)
{
    return &windows->clients[hash & (windows->client_buckets - 1)];
}

static uint64_t client_hash(const struct subscription *subscription)
{
    const struct selection *selection = subscription->selection;
    return selection->names[selection->count - 1].hash;
}

static bool grow_clients(struct windows *windows)
{
    if (windows->client_count < windows->client_buckets)
        return true;
    struct windows grown = {.client_buckets =
                                windows->client_buckets ? windows->client_buckets * 2 : 64};
    grown.clients = calloc(grown.client_buckets, sizeof *grown.clients);
    if (!grown.clients)
        return windows->client_buckets > 0; /* longer lists will do */
    for (size_t i = 0; i < windows->client_buckets; i++) {
        struct subscription *subscription;
        while ((subscription = LIST_FIRST(&windows->clients[i]))) {
            LIST_REMOVE(subscription, by_client);
            LIST_INSERT_HEAD(client_bucket(&grown, client_hash(subscription)), subscription,
                             by_client);
        }
    }
    free(windows->clients);
    windows->clients = grown.clients;
    windows->client_buckets = grown.client_buckets;
    return true;
}

static bool join_client_window(struct subscription *subscription, struct window *window)
{
    if (subscription->client_link)
        return true;
    subscription->client_link = malloc(sizeof *subscription->client_link);
    if (!subscription->client_link)
        return false;
    window_join(window, subscription->client_link, subscription);
    return true;
}

void clients_each(struct windows *windows, const struct event *entry, client_visit_fn *visit)
{
    struct subscription *subscription;
    if (windows->client_count == 0)
        return;
    LIST_FOREACH (subscription, client_bucket(windows, entry->hash), by_client) {
        const struct selection *selection = subscription->selection;
        if (client_hash(subscription) == entry->hash &&
            span_equal(selection_name(selection, (size_t)selection->count - 1),
                       event_channel(entry)))
            visit(subscription);
    }
}

void clients_open_window(struct windows *windows, const struct event *event)
{
    struct span channel = event_channel(event);
    uint64_t hash = event->hash;
    if (windows->client_count == 0)
        return;
    struct window *window = NULL;
    struct subscription *subscription;
    LIST_FOREACH (subscription, client_bucket(windows, hash), by_client) {
        const struct selection *selection = subscription->selection;
        if (subscription->client_link || client_hash(subscription) != hash ||
            !span_equal(selection_name(selection, (size_t)selection->count - 1), channel))
            continue;
        if (!window)
            window = window_get(windows, channel, hash, false, 0);
        if (!window || !join_client_window(subscription, window))
            subscription->client_floor =
                event->id; /* without a window it reads this from the log */
    }
    if (window)
        window_drop(windows, window); /* nobody could join */
}

/* ---- opening and closing ---- */

bool subscription_open(struct subscription *subscription, struct windows *windows,
                       struct selection *selection)
{
    size_t named = (size_t)selection->count - 1;
    *subscription = (struct subscription){.selection = selection, .state = SUBSCRIPTION_OPENING};
    subscription->links = named == 1 ? &subscription->only : calloc(named, sizeof(struct link));
    if (!subscription->links || !grow_clients(windows)) {
        if (subscription->links != &subscription->only)
            free(subscription->links);
        subscription->state = SUBSCRIPTION_CLOSED;
        return false;
    }
    selection_ref(selection);
    LIST_INSERT_HEAD(client_bucket(windows, client_hash(subscription)), subscription, by_client);
    windows->client_count++;
    for (size_t i = 0; i < named; i++) {
        const struct selected *selected = &selection->names[i];
        struct window *window = window_get(windows, selection_name(selection, i), selected->hash,
                                           selected->prefix, UINT64_MAX);
        if (!window)
            goto fail;
        window_join(window, &subscription->links[i], subscription);
    }
    struct match_entry *own = match_find(&windows->match, selection_name(selection, named),
                                         selection->names[named].hash, false);
    if (own && !join_client_window(subscription, CONTAINER_OF(own, struct window, entry)))
        goto fail;
    return true;
fail:
    subscription_close(subscription, windows);
    return false;
}

static void free_piece(struct subscription *subscription)
{
    piece_free(subscription->piece);
    subscription->piece = NULL;
    subscription->taken = 0;
}

void subscription_close(struct subscription *subscription, struct windows *windows)
{
    if (subscription->state == SUBSCRIPTION_CLOSED)
        return;
    become(subscription, SUBSCRIPTION_CLOSED);
    for (size_t i = 0; i < (size_t)subscription->selection->count - 1; i++)
        if (subscription->links[i].window)
            window_leave(windows, &subscription->links[i]);
    if (subscription->client_link) {
        window_leave(windows, subscription->client_link);
        free(subscription->client_link);
    }
    if (subscription->links != &subscription->only)
        free(subscription->links);
    LIST_REMOVE(subscription, by_client);
    windows->client_count--;
    free_piece(subscription);
    while (subscription->gap)
        subscription_told(subscription);
    selection_unref(subscription->selection);
    subscription->selection = NULL;
}

/* ---- pieces and losses ---- */

static uint64_t *told_of(struct subscription *subscription, size_t i)
{
    bool own = i + 1 == subscription->selection->count;
    return own ? &subscription->client_told : &subscription->links[i].told;
}

static struct gap *add_gap(struct subscription *subscription, struct gap gap)
{
    struct gap **place = &subscription->gap;
    while (*place)
        place = &(*place)->following;
    *place = malloc(sizeof gap);
    if (*place)
        **place = gap;
    return *place;
}

static bool note_unknown(struct subscription *subscription, uint64_t start)
{
    struct gap gap = {.until = start, .reason = GAP_UNKNOWN};
    for (size_t i = 0; i + 1 < subscription->selection->count; i++)
        gap.names[i / 8] |= (uint8_t)(1 << i % 8);
    return add_gap(subscription, gap) != NULL;
}

/* Notes a gap of that reason over the names whose losses have it: what is dropped while a stream is
 * open went before a slow reader, unless it was deleted. */
static bool note_trimmed(struct subscription *subscription, const struct piece *piece,
                         enum gap_reason reason, bool opening)
{
    if (!piece->trimmed_to)
        return true;
    struct gap gap = {.after = UINT64_MAX, .reason = reason};
    size_t count = subscription->selection->count;
    for (size_t i = 0; i < count; i++) {
        uint64_t trimmed = piece->trimmed_to[i];
        bool slow = !opening && !piece->deleted[i];
        if (slow != (reason == GAP_SLOW) || trimmed <= piece->start ||
            trimmed <= *told_of(subscription, i))
            continue;
        uint64_t told = *told_of(subscription, i),
                 after = told > piece->start ? told : piece->start;
        gap.names[i / 8] |= (uint8_t)(1 << i % 8);
        if (after < gap.after)
            gap.after = after; /* what lies before it was told, or seen */
        if (trimmed > gap.until)
            gap.until = trimmed;
    }
    for (size_t i = 0; i < count; i++)
        if (gap.names[i / 8] & 1 << i % 8)
            *told_of(subscription, i) = gap.until; /* so far the notice reaches for each of them */
    return gap.until == 0 || add_gap(subscription, gap);
}

bool subscription_take(struct subscription *subscription, struct piece *piece)
{
    bool opening = subscription->state == SUBSCRIPTION_OPENING;
    CHECK(!subscription->piece);
    subscription->asking = false;
    subscription->piece = piece;
    subscription->taken = 0;
    if (opening) {
        subscription->cursor = subscription->announced = piece->start;
        for (size_t i = 0; i < (size_t)subscription->selection->count - 1; i++)
            if (subscription->links[i].window->floor == UINT64_MAX)
                subscription->links[i].window->floor = piece->head;
        if (!subscription->selection->client_given)
            subscription->client_told = piece->head;
        else if (subscription->client_floor < piece->head)
            subscription->client_floor = piece->head;
        become(subscription, SUBSCRIPTION_CATCHING_UP);
        if (piece->unknown && !note_unknown(subscription, piece->start))
            return false;
    }
    CHECK(piece->start == subscription->cursor);
    return note_trimmed(subscription, piece, GAP_TRIMMED, opening) &&
           note_trimmed(subscription, piece, GAP_SLOW, opening);
}

void subscription_told(struct subscription *subscription)
{
    struct gap *gap = subscription->gap;
    subscription->gap = gap->following;
    free(gap);
}

static void finish_piece(struct subscription *subscription)
{
    if (subscription->cursor < subscription->piece->complete_to)
        subscription->cursor = subscription->piece->complete_to;
    free_piece(subscription);
}

void subscription_pause(struct subscription *subscription)
{
    if (!subscription->piece)
        return;
    if (subscription->taken == subscription->piece->count)
        finish_piece(subscription);
    else
        free_piece(subscription);
}

/* ---- what is next ---- */

/* A window that holds something after the cursor, and the place of the first such entry. */
struct source {
    const struct window *window;
    uint32_t place;
};

enum { BELOW_FLOOR = -1 };

/* How many there are, or BELOW_FLOOR where the cursor is. */
static int find_sources(const struct subscription *subscription, struct source *sources)
{
    uint64_t cursor = subscription->cursor;
    const struct link *link = subscription->links,
                      *last = link + subscription->selection->count - 2,
                      *own = subscription->client_link;
    int count = 0;
    if (cursor < subscription->client_floor)
        return BELOW_FLOOR;
    while (link) {
        const struct window *window = link->window;
        if (cursor < window->floor)
            return BELOW_FLOOR;
        uint32_t place = ring_after(&window->ring, cursor);
        if (place < window->ring.count)
            sources[count++] = (struct source){window, place};
        link = link == own ? NULL : link == last ? own : link + 1;
    }
    return count;
}

/* Some of the one source's entries; *all: and that is all of them. */
static size_t read_source(const struct source *source, struct event **events, size_t max,
                          size_t max_bytes, bool *all)
{
    const struct ring *ring = &source->window->ring;
    size_t there = ring->count - source->place, count = there < max ? there : max, n = 0;
    for (size_t bytes = 0; n < count; n++) {
        events[n] = ring_at(ring, source->place + (uint32_t)n);
        bytes += event_wire(events[n]).n;
        if (n && bytes > max_bytes)
            break;
    }
    *all = n == there;
    return n;
}

/* Some of the sources' entries, merged; *all: and that is all of them. */
static size_t merge_sources(struct source *sources, int count, struct event **events, size_t max,
                            size_t max_bytes, bool *all)
{
    size_t n = 0, bytes = 0;
    if (count == 1)
        return read_source(sources, events, max, max_bytes, all);
    while (n < max && count) {
        struct event *oldest = ring_at(&sources[0].window->ring, sources[0].place);
        for (int i = 1; i < count; i++) {
            struct event *event = ring_at(&sources[i].window->ring, sources[i].place);
            if (event->id < oldest->id)
                oldest = event;
        }
        bytes += event_wire(oldest).n;
        if (n && bytes > max_bytes)
            break;
        events[n++] = oldest;
        for (int i = 0; i < count;) {
            struct source *source = &sources[i];
            if (ring_at(&source->window->ring, source->place) == oldest)
                source->place++;
            if (source->place == source->window->ring.count)
                *source = sources[--count];
            else
                i++;
        }
    }
    *all = count == 0;
    return n;
}

static size_t rest_of_piece(const struct subscription *subscription, struct event **events,
                            size_t max, size_t max_bytes)
{
    const struct piece *piece = subscription->piece;
    size_t n = 0, bytes = 0;
    while (n < max && subscription->taken + n < piece->count) {
        struct event *event = piece->events[subscription->taken + n];
        bytes += event_wire(event).n;
        if (n && bytes > max_bytes)
            break;
        events[n++] = event;
    }
    return n;
}

enum next subscription_next(struct subscription *subscription, struct event **events, size_t max,
                            size_t max_bytes, size_t *count)
{
    *count = 0;
    if (subscription->state == SUBSCRIPTION_OPENING || subscription->state == SUBSCRIPTION_CLOSED)
        return NEXT_NOTHING;
    if (subscription->gap)
        return NEXT_GAP;
    if (subscription->piece) {
        *count = rest_of_piece(subscription, events, max, max_bytes);
        if (*count)
            return NEXT_EVENTS;
        finish_piece(subscription);
    }
    if (subscription->asking)
        return NEXT_NOTHING;
    struct source sources[SELECTION_MAX + 1];
    int found = find_sources(subscription, sources);
    if (found == BELOW_FLOOR) {
        if (subscription->state == SUBSCRIPTION_LIVE)
            become(subscription, SUBSCRIPTION_CATCHING_UP);
        subscription->asking = true;
        return NEXT_ASK;
    }
    if (subscription->state == SUBSCRIPTION_CATCHING_UP)
        become(subscription, SUBSCRIPTION_LIVE);
    if (found == 0)
        return NEXT_NOTHING;
    bool all;
    *count = merge_sources(sources, found, events, max, max_bytes, &all);
    return all ? NEXT_ALL : NEXT_EVENTS;
}

/* Everything that the windows hold is written, and they hold all that there is. */
static bool has_all(const struct subscription *subscription)
{
    const struct link *own = subscription->client_link;
    if (subscription->cursor < subscription->client_floor ||
        (own && subscription->cursor < window_newest(own->window)))
        return false;
    for (size_t i = 0; i < (size_t)subscription->selection->count - 1; i++)
        if (subscription->cursor < window_newest(subscription->links[i].window))
            return false;
    return true;
}

bool subscription_moved(struct subscription *subscription, const struct windows *windows,
                        uint64_t *id)
{
    if (subscription->state == SUBSCRIPTION_LIVE && has_all(subscription) &&
        subscription->cursor < windows->head)
        subscription->cursor = windows->head;
    if (subscription->gap || subscription->cursor <= subscription->announced)
        return false;
    *id = subscription->announced = subscription->cursor;
    return true;
}
