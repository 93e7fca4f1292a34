/* Cursors: what is next, and where they stand. See subscription.h. */
#include "hub/subscription.h"

#include "base/check.h"
#include "hub/clients.h"

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

/* With the selection that it opens with; NULL: one of what it has links to. */
static bool begin_catching_up(struct subscription *subscription, struct selection *selection)
{
    if (subscription->catch_up)
        return true;
    size_t names = subscription->link_count;
    struct catch_up *catch_up = calloc(1, sizeof *catch_up + (names + 1) * sizeof *catch_up->told);
    if (!catch_up)
        return false;
    struct span spans[SELECTION_MAX];
    const struct link *links = links_of(subscription);
    for (size_t i = 0; i < names && !selection; i++)
        spans[i] = window_name(links[i].window);
    catch_up->selection = selection
                              ? selection_ref(selection)
                              : selection_new(spans, names, subscription_client_id(subscription),
                                              subscription->self->given);
    if (!catch_up->selection) {
        free(catch_up);
        return false;
    }
    subscription->catch_up = catch_up;
    return true;
}

static void free_piece(struct subscription *subscription)
{
    struct catch_up *catch_up = subscription->catch_up;
    piece_free(catch_up->piece);
    catch_up->piece = NULL;
    catch_up->taken = 0;
}

void subscription_told(struct subscription *subscription)
{
    struct gap *gap = subscription->catch_up->gap;
    subscription->catch_up->gap = gap->following;
    free(gap);
}

static void free_catch_up(struct subscription *subscription)
{
    if (!subscription->catch_up)
        return;
    free_piece(subscription);
    while (subscription->catch_up->gap)
        subscription_told(subscription);
    selection_unref(subscription->catch_up->selection);
    free(subscription->catch_up);
    subscription->catch_up = NULL;
}

/* Live, with the windows alone to go by: no more if it knows nothing that lies ahead of its
 * cursor. */
static void end_catching_up(struct subscription *subscription)
{
    const struct catch_up *catch_up = subscription->catch_up;
    uint64_t ahead = catch_up->replay_to;
    for (size_t i = 0; i <= subscription->link_count; i++)
        if (catch_up->told[i] > ahead)
            ahead = catch_up->told[i];
    if (ahead <= subscription->cursor)
        free_catch_up(subscription);
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
    free_catch_up(subscription);
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
                                          .state = SUBSCRIPTION_OPENING};
    if (named > 1)
        subscription->links = calloc(named, sizeof(struct link));
    if (!subscription->self || (named > 1 && !subscription->links) ||
        !begin_catching_up(subscription, selection) || !clients_add(windows, subscription)) {
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

/* ---- pieces and losses ---- */

static struct gap *add_gap(struct subscription *subscription, struct gap gap)
{
    struct gap **place = &subscription->catch_up->gap;
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
    for (size_t i = 0; i < subscription->link_count; i++)
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
    uint64_t *told = subscription->catch_up->told;
    size_t count = (size_t)subscription->link_count + 1;
    for (size_t i = 0; i < count; i++) {
        uint64_t trimmed = piece->trimmed_to[i];
        bool slow = !opening && !piece->deleted[i];
        if (slow != (reason == GAP_SLOW) || trimmed <= piece->start || trimmed <= told[i])
            continue;
        uint64_t after = told[i] > piece->start ? told[i] : piece->start;
        gap.names[i / 8] |= (uint8_t)(1 << i % 8);
        if (after < gap.after)
            gap.after = after; /* what lies before it was told, or seen */
        if (trimmed > gap.until)
            gap.until = trimmed;
    }
    for (size_t i = 0; i < count; i++)
        if (gap.names[i / 8] & 1 << i % 8)
            told[i] = gap.until; /* so far the notice reaches for each of them */
    return gap.until == 0 || add_gap(subscription, gap);
}

bool subscription_take(struct subscription *subscription, struct piece *piece)
{
    bool opening = subscription->state == SUBSCRIPTION_OPENING;
    struct catch_up *catch_up = subscription->catch_up;
    CHECK(!catch_up->piece);
    subscription->asking = false;
    catch_up->asked = NULL;
    catch_up->piece = piece;
    catch_up->taken = 0;
    if (catch_up->client_floor == UINT64_MAX)
        catch_up->client_floor = piece->head;
    if (opening) {
        const struct link *links = links_of(subscription);
        subscription->cursor = piece->start;
        catch_up->replay_to = piece->head;
        for (size_t i = 0; i < subscription->link_count; i++)
            if (links[i].window->floor == UINT64_MAX)
                links[i].window->floor = piece->head;
        if (!subscription->self->given)
            catch_up->told[subscription->link_count] = piece->head;
        else
            catch_up->client_floor = piece->head;
        become(subscription, SUBSCRIPTION_CATCHING_UP);
        if (piece->unknown && !note_unknown(subscription, piece->start))
            return false;
    }
    CHECK(piece->start == subscription->cursor);
    return note_trimmed(subscription, piece, GAP_TRIMMED, opening) &&
           note_trimmed(subscription, piece, GAP_SLOW, opening);
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
    free_piece(subscription);
}

void subscription_pause(struct subscription *subscription)
{
    const struct catch_up *catch_up = subscription->catch_up;
    if (!catch_up || !catch_up->piece)
        return;
    if (catch_up->taken == catch_up->piece->count)
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
        if (!begin_catching_up(subscription, NULL))
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
        end_catching_up(subscription);
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
        end_catching_up(subscription);
    if (subscription_gap(subscription) || !subscription->unseen)
        return false;
    *id = subscription->cursor;
    subscription->unseen = false;
    return true;
}
