/* Cursors: what is next, and where they stand. See subscription.h. */
#include "hub/subscription.h"

#include "base/check.h"
#include "hub/clients.h"

#include <stdlib.h>

/* ---- states ---- */

static const char *const state_names[] = {"opening", "catching-up", "live", "closed"};

const char *subscription_state_name(enum subscription_state state)
{
    return state_names[state];
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

/* ---- what it holds ---- */

static struct link *links_of(struct subscription *subscription)
{
    return subscription->link_count == 1 ? &subscription->only : subscription->links;
}

struct span subscription_name(const struct subscription *subscription)
{
    return window_name(
        (subscription->link_count == 1 ? &subscription->only : subscription->links)->window);
}

struct span subscription_client_id(const struct subscription *subscription)
{
    struct span name = addressee_name(subscription->self);
    return (struct span){name.p + 1, name.n - 1};
}

/* It has fallen behind: asks for what it has windows of. */
static bool begin_catching_up(struct subscription *subscription)
{
    struct span names[SELECTION_MAX];
    const struct link *links = links_of(subscription);
    if (subscription->catch_up)
        return true;
    for (size_t i = 0; i < subscription->link_count; i++)
        names[i] = window_name(links[i].window);
    subscription->catch_up = catch_up_new(selection_new(names, subscription->link_count,
                                                        subscription_client_id(subscription),
                                                        subscription->self->given));
    return subscription->catch_up;
}

static void end_catching_up(struct subscription *subscription)
{
    catch_up_free(subscription->catch_up);
    subscription->catch_up = NULL;
}

void subscription_told(struct subscription *subscription)
{
    catch_up_told(subscription->catch_up);
}

/* ---- the client's own channel ---- */

static bool join_client_window(struct subscription *subscription, struct window *window)
{
    if (subscription->linked)
        return true;
    struct link *link = malloc(sizeof *link);
    if (!link)
        return false;
    window_join(window, link, subscription);
    subscription->self->link = link;
    subscription->linked = true;
    return true;
}

struct sending {
    struct windows *windows;
    const struct event *event;
    struct window *window;
};

static void open_window(void *context, struct subscription *subscription)
{
    struct sending *sending = context;
    const struct event *event = sending->event;
    if (subscription->linked)
        return;
    if (!sending->window)
        sending->window = window_get(sending->windows, event_channel(event), event->hash, false, 0);
    if (sending->window && join_client_window(subscription, sending->window))
        return;
    subscription->missed = true; /* without a window it reads this from the log */
}

void subscriptions_open_window(struct windows *windows, const struct event *event)
{
    struct sending sending = {windows, event, NULL};
    clients_each(windows, event, open_window, &sending);
    if (sending.window)
        window_drop(windows, sending.window); /* nobody could join */
}

/* ---- opening and closing ---- */

static bool join_windows(struct subscription *subscription, struct windows *windows,
                         const struct selection *selection)
{
    size_t named = subscription->link_count;
    for (size_t i = 0; i < named; i++) {
        const struct selected *selected = &selection->names[i];
        struct window *window = window_get(windows, selection_name(selection, i), selected->hash,
                                           selected->prefix, UINT64_MAX);
        if (!window)
            return false;
        window_join(window, &links_of(subscription)[i], subscription);
    }
    struct match_entry *own = match_find(&windows->match, selection_name(selection, named),
                                         selection->names[named].hash, false);
    return !own || join_client_window(subscription, CONTAINER_OF(own, struct window, entry));
}

static void free_parts(struct subscription *subscription)
{
    end_catching_up(subscription);
    free(subscription->self);
    if (subscription->link_count > 1)
        free(subscription->links);
}

bool subscription_open(struct subscription *subscription, struct windows *windows,
                       struct selection *selection)
{
    size_t named = (size_t)selection->count - 1;
    *subscription = (struct subscription){.link_count = (uint16_t)named,
                                          .self = addressee_new(selection),
                                          .catch_up = catch_up_new(selection_ref(selection)),
                                          .state = SUBSCRIPTION_OPENING};
    if (named > 1)
        subscription->links = calloc(named, sizeof(struct link));
    if (!subscription->self || (named > 1 && !subscription->links) || !subscription->catch_up ||
        !clients_add(windows, subscription)) {
        free_parts(subscription);
        subscription->state = SUBSCRIPTION_CLOSED;
        return false;
    }
    if (join_windows(subscription, windows, selection))
        return true;
    subscription_close(subscription, windows);
    return false;
}

void subscription_close(struct subscription *subscription, struct windows *windows)
{
    if (subscription->state == SUBSCRIPTION_CLOSED)
        return;
    become(subscription, SUBSCRIPTION_CLOSED);
    struct link *links = links_of(subscription);
    for (size_t i = 0; i < subscription->link_count; i++)
        if (links[i].window)
            window_leave(windows, &links[i]);
    if (subscription->linked) {
        window_leave(windows, subscription->self->link);
        free(subscription->self->link);
    }
    clients_remove(windows, subscription);
    free_parts(subscription);
}

/* ---- pieces ---- */

bool subscription_take(struct subscription *subscription, struct piece *piece)
{
    bool opening = subscription->state == SUBSCRIPTION_OPENING;
    subscription->asking = false;
    if (opening) {
        const struct link *links = links_of(subscription);
        subscription->cursor = piece->start;
        for (size_t i = 0; i < subscription->link_count; i++)
            if (links[i].window->floor == UINT64_MAX)
                links[i].window->floor = piece->head;
        become(subscription, SUBSCRIPTION_CATCHING_UP);
    }
    CHECK(piece->start == subscription->cursor);
    return catch_up_take(subscription->catch_up, piece, opening);
}

static void move(struct subscription *subscription, uint64_t cursor)
{
    if (subscription->cursor >= cursor)
        return;
    subscription->cursor = cursor;
    subscription->unseen = true;
}

static void finish_piece(struct subscription *subscription)
{
    move(subscription, subscription->catch_up->piece->complete_to);
    catch_up_drop_piece(subscription->catch_up);
}

void subscription_pause(struct subscription *subscription)
{
    struct catch_up *catch_up = subscription->catch_up;
    if (!catch_up || !catch_up->piece)
        return;
    if (catch_up->taken == catch_up->piece->count)
        finish_piece(subscription);
    else
        catch_up_drop_piece(catch_up);
}

/* ---- what is next ---- */

/* A window that holds something after the cursor, and the place of the first such entry. */
struct source {
    const struct window *window;
    uint32_t place;
};

enum { BELOW_FLOOR = -1 };

/* Whether some of what was sent to the client itself is only in the log. */
static bool lacks_own(const struct subscription *subscription)
{
    const struct catch_up *catch_up = subscription->catch_up;
    return subscription->missed || (catch_up && subscription->cursor < catch_up->client_floor);
}

/* How many there are, or BELOW_FLOOR where the cursor is. */
static int find_sources(struct subscription *subscription, struct source *sources)
{
    uint64_t cursor = subscription->cursor;
    const struct link *link = links_of(subscription), *last = link + subscription->link_count - 1,
                      *own = subscription->linked ? subscription->self->link : NULL;
    int count = 0;
    if (lacks_own(subscription))
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

static size_t rest_of_piece(const struct catch_up *catch_up, struct event **events, size_t max,
                            size_t max_bytes)
{
    const struct piece *piece = catch_up->piece;
    size_t n = 0, bytes = 0;
    while (n < max && catch_up->taken + n < piece->count) {
        struct event *event = piece->events[catch_up->taken + n];
        bytes += event_wire(event).n;
        if (n && bytes > max_bytes)
            break;
        events[n++] = event;
    }
    return n;
}

/* It is live: the windows are all that it needs, once its cursor is beyond what it was told. */
static void end_if_done(struct subscription *subscription)
{
    if (catch_up_end(subscription->catch_up) <= subscription->cursor)
        end_catching_up(subscription);
}

enum next subscription_next(struct subscription *subscription, struct event **events, size_t max,
                            size_t max_bytes, size_t *count)
{
    *count = 0;
    if (subscription->state == SUBSCRIPTION_OPENING || subscription->state == SUBSCRIPTION_CLOSED)
        return NEXT_NOTHING;
    if (subscription->catch_up) {
        if (subscription->catch_up->gap)
            return NEXT_GAP;
        if (subscription->catch_up->piece) {
            *count = rest_of_piece(subscription->catch_up, events, max, max_bytes);
            if (*count)
                return NEXT_EVENTS;
            finish_piece(subscription);
        }
        if (subscription->asking)
            return NEXT_NOTHING;
    }
    struct source sources[SELECTION_MAX + 1];
    int found = find_sources(subscription, sources);
    if (found == BELOW_FLOOR) {
        if (!begin_catching_up(subscription))
            return NEXT_STARVED;
        if (subscription->missed)
            subscription->catch_up->client_floor = UINT64_MAX;
        subscription->missed = false;
        if (subscription->state == SUBSCRIPTION_LIVE)
            become(subscription, SUBSCRIPTION_CATCHING_UP);
        subscription->asking = true;
        return NEXT_ASK;
    }
    if (subscription->state == SUBSCRIPTION_CATCHING_UP)
        become(subscription, SUBSCRIPTION_LIVE);
    if (subscription->catch_up)
        end_if_done(subscription);
    if (found == 0)
        return NEXT_NOTHING;
    bool all;
    *count = merge_sources(sources, found, events, max, max_bytes, &all);
    return all ? NEXT_ALL : NEXT_EVENTS;
}

/* Everything that the windows hold is written, and they hold all that there is. */
static bool has_all(struct subscription *subscription)
{
    const struct link *links = links_of(subscription),
                      *own = subscription->linked ? subscription->self->link : NULL;
    if (lacks_own(subscription) || (own && subscription->cursor < window_newest(own->window)))
        return false;
    for (size_t i = 0; i < subscription->link_count; i++)
        if (subscription->cursor < window_newest(links[i].window))
            return false;
    return true;
}

bool subscription_moved(struct subscription *subscription, const struct windows *windows,
                        uint64_t *id)
{
    if (subscription->state == SUBSCRIPTION_LIVE && has_all(subscription))
        move(subscription, windows->head);
    if (subscription->state == SUBSCRIPTION_LIVE && subscription->catch_up)
        end_if_done(subscription);
    if (subscription_gap(subscription) || !subscription->unseen)
        return false;
    *id = subscription->cursor;
    subscription->unseen = false;
    return true;
}
