/* Windows and the fan-out. See window.h for the drawing. */
#include "hub/window.h"

#include "base/check.h"
#include "hub/subscription.h"

#include <stdlib.h>

/* Windows that one event can meet: its channel's, and those of prefixes, one of each length. */
enum { MET_MAX = 257 };

void windows_init(struct windows *windows, struct window_limits limits,
                  void *(*watch)(void *, struct window *), void (*unwatch)(void *, void *),
                  void *context)
{
    CHECK(limits.entries > 0 && limits.window_entries > 0);
    *windows =
        (struct windows){.limits = limits, .watch = watch, .unwatch = unwatch, .context = context};
    TAILQ_INIT(&windows->active);
    windows->age_capacity = 1;
    while (windows->age_capacity < limits.entries + MET_MAX)
        windows->age_capacity *= 2;
    windows->ages = memory_new(windows->age_capacity * sizeof *windows->ages);
}

void windows_fini(struct windows *windows)
{
    windows_trim(windows, UINT64_MAX);
    CHECK(!windows->match.exact && !windows->match.prefixes);
    free(windows->ages);
    free(windows->clients);
}

/* ---- one ring ---- */

static void unserve(struct windows *windows, struct window *window, uint32_t keep)
{
    while (window->unserved > keep) {
        struct event *event = ring_at(&window->ring, window->ring.count - window->unserved);
        windows->backlog--;
        windows->backlog_bytes -= event_size(event);
        window->unserved--;
    }
}

static void pop(struct windows *windows, struct window *window)
{
    if (window->unserved == window->ring.count)
        unserve(windows, window, window->ring.count - 1);
    struct event *event = ring_pop(&window->ring);
    window->floor = event->id;
    windows->bytes -= event_size(event);
    event_unref(event);
}

/* ---- ages: the oldest entries of all windows go first ---- */

static void free_if_done(struct window *window)
{
    if (window->closed && window->aged == 0)
        free(window);
}

static void drop_oldest(struct windows *windows)
{
    struct window_age age = windows->ages[windows->age_first];
    windows->age_first = (windows->age_first + 1) & (windows->age_capacity - 1);
    windows->age_count--;
    age.window->aged--;
    if (age.window->ring.count && ring_at(&age.window->ring, 0)->id == age.id)
        pop(windows, age.window);
    free_if_done(age.window);
}

static void remember_age(struct windows *windows, struct window *window, uint64_t id)
{
    CHECK(windows->age_count < windows->age_capacity);
    size_t place = (windows->age_first + windows->age_count++) & (windows->age_capacity - 1);
    windows->ages[place] = (struct window_age){window, id};
    window->aged++;
}

void windows_trim(struct windows *windows, uint64_t up_to)
{
    while (windows->age_count) {
        const struct window_age *age = &windows->ages[windows->age_first];
        if (age->id > up_to)
            return;
        bool held = age->window->ring.count && ring_at(&age->window->ring, 0)->id == age->id;
        if (held && age->window->unserved == age->window->ring.count)
            return; /* the fan-out still needs it */
        drop_oldest(windows);
    }
}

/* ---- windows come and go ---- */

struct window *window_get(struct windows *windows, struct span name, uint64_t hash, bool prefix,
                          uint64_t floor)
{
    struct match_entry *entry = match_find(&windows->match, name, hash, prefix);
    if (entry)
        return CONTAINER_OF(entry, struct window, entry);
    struct window *window = calloc(1, sizeof *window + name.n + 1);
    if (!window)
        return NULL;
    memcpy(window->name, name.p, name.n);
    window->name[name.n] = '*';
    window->entry.name = (struct span){window->name, name.n};
    window->entry.hash = hash;
    window->entry.prefix = prefix;
    window->floor = floor;
    TAILQ_INIT(&window->links);
    bool own = name.n && name.p[0] == '@';
    if (!match_add(&windows->match, &window->entry)) {
        free(window);
        return NULL;
    }
    if (!own && !(window->unwatch = windows->watch(windows->context, window))) {
        match_remove(&windows->match, &window->entry);
        free(window);
        return NULL;
    }
    return window;
}

static void settle(struct windows *windows, struct window *window)
{
    if (window->due == 0) {
        unserve(windows, window, 0);
        if (window->active)
            TAILQ_REMOVE(&windows->active, window, turn);
        window->active = false;
    } else if (window->lap_due == 0) {
        unserve(windows, window, window->ring.count - ring_after(&window->ring, window->lap_id));
        window->lap_due = window->due;
        window->lap_id = window_newest(window);
    }
}

void window_drop(struct windows *windows, struct window *window)
{
    if (window->link_count || window->closed)
        return;
    window->due = 0;
    settle(windows, window);
    while (window->ring.count)
        pop(windows, window);
    match_remove(&windows->match, &window->entry);
    if (window->unwatch)
        windows->unwatch(windows->context, window->unwatch);
    window->closed = true;
    free_if_done(window);
}

void window_join(struct window *window, struct link *link, struct subscription *subscription)
{
    *link = (struct link){.window = window, .subscription = subscription};
    if (window->next)
        TAILQ_INSERT_BEFORE(window->next, link, circle);
    else
        TAILQ_INSERT_TAIL(&window->links, link, circle);
    window->link_count++;
}

void window_leave(struct windows *windows, struct link *link)
{
    struct window *window = link->window;
    if (window->next == link)
        window->next = TAILQ_NEXT(link, circle);
    TAILQ_REMOVE(&window->links, link, circle);
    link->window = NULL;
    window->link_count--;
    if (window->due > window->link_count)
        window->due = window->link_count;
    if (window->lap_due > window->due)
        window->lap_due = window->due;
    if (window->link_count == 0)
        window_drop(windows, window);
}

/* ---- entries in, links out ---- */

struct append {
    struct windows *windows;
    struct event *event;
    bool met;
};

static void append_to(void *context, struct match_entry *entry)
{
    struct append *append = context;
    struct windows *windows = append->windows;
    struct window *window = CONTAINER_OF(entry, struct window, entry);
    struct event *event = append->event;
    if (window->floor == UINT64_MAX || event->id <= window_newest(window))
        return; /* sent for a watch that ended; this one begins later */
    append->met = true;
    if (window->ring.count == windows->limits.window_entries)
        pop(windows, window);
    if (!ring_push(&window->ring, event)) {
        while (window->ring.count)
            pop(windows, window);
        window->floor = event->id; /* the cursors below it read it from the log */
    } else {
        windows->bytes += event_size(event);
        window->unserved++;
        windows->backlog++;
        windows->backlog_bytes += event_size(event);
        remember_age(windows, window, event->id);
    }
    window->due = window->link_count;
    if (!window->active) {
        window->active = true;
        window->lap_due = window->due;
        window->lap_id = event->id;
        TAILQ_INSERT_TAIL(&windows->active, window, turn);
    }
}

bool windows_append(struct windows *windows, struct event *event)
{
    CHECK(event->id > windows->head);
    struct span channel = event_channel(event);
    if (channel.p[0] == '@')
        subscriptions_open_window(windows, event);
    struct append append = {windows, event, false};
    match_each(&windows->match, channel, event->hash, append_to, &append);
    windows->head = event->id;
    while (windows->age_count > windows->limits.entries || windows->bytes > windows->limits.bytes)
        drop_oldest(windows);
    return append.met;
}

void windows_pass(struct windows *windows, uint64_t id)
{
    CHECK(id > windows->head);
    windows->head = id;
}

static void forget_in(void *context, struct match_entry *entry)
{
    const struct append *forget = context;
    struct window *window = CONTAINER_OF(entry, struct window, entry);
    uint32_t up_to = window->ring.count;
    while (up_to) {
        const struct event *event = ring_at(&window->ring, up_to - 1);
        if (event->hash == forget->event->hash &&
            span_equal(event_channel(event), event_channel(forget->event)))
            break;
        up_to--;
    }
    while (up_to--)
        pop(forget->windows, window);
}

void windows_forget(struct windows *windows, const struct event *forget)
{
    struct append append = {windows, (struct event *)forget, false};
    match_each(&windows->match, event_channel(forget), forget->hash, forget_in, &append);
    windows_pass(windows, forget->id);
}

struct link *windows_next(struct windows *windows)
{
    struct window *window = TAILQ_FIRST(&windows->active);
    if (!window)
        return NULL;
    struct link *link = window->next ? window->next : TAILQ_FIRST(&window->links);
    window->next = TAILQ_NEXT(link, circle);
    window->due--;
    if (TAILQ_NEXT(window, turn)) { /* the others come first: a busy one never ends */
        TAILQ_REMOVE(&windows->active, window, turn);
        TAILQ_INSERT_TAIL(&windows->active, window, turn);
    }
    if (--window->lap_due == 0)
        settle(windows, window);
    return link;
}
