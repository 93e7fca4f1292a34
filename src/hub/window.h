/* Windows: for each channel or prefix that a worker watches, the newest entries and a floor:
 * everything after the floor is in the window. And the fan-out: which cursor is served next.
 *
 *     ring   [ e7 e8 e9 ]   floor = e6: a cursor at or above it needs nobody else
 *     links  a ─ b ─ c ─ d ─ (a)      the circle; `next` = c, `due` = how many are still to serve
 *
 * A new entry makes the whole circle due again, from where it stands: those not yet served get the
 * old and the new entry in one go, those already served come round once more.
 *
 * Invariants: ids rise in a ring; floor < first id of the ring; a window has at least one link,
 * else it is gone. One thread: the worker's. No socket, no HTTP. */
#ifndef FRESHET_HUB_WINDOW_H
#define FRESHET_HUB_WINDOW_H

#include "hub/event.h"
#include "hub/match.h"
#include "hub/ring.h"

#include <sys/queue.h>

struct subscription;
struct windows;

/* A subscription's place in a window. */
struct link {
    TAILQ_ENTRY(link) circle;
    struct window *window;
    struct subscription *subscription;
};

TAILQ_HEAD(link_circle, link);

struct window {
    struct match_entry entry;
    uint64_t floor; /* UINT64_MAX while the log has not said from where it is watched */
    struct ring ring;
    uint32_t unserved; /* of the newest entries: the circle has not been round since */
    struct link_circle links;
    struct link *next; /* NULL: the first */
    uint32_t link_count;
    uint32_t due;     /* links to serve until all have all */
    uint32_t lap_due; /* links to serve until all have what was there when the lap began */
    uint64_t lap_id;  /* the newest entry when the lap began */
    uint32_t aged;    /* places in the queue of ages; the window outlives them */
    bool active, closed;
    TAILQ_ENTRY(window) turn;
    void *unwatch; /* the caller's, made with the window so that closing needs no memory */
    char name[];   /* a prefix with its star */
};

/* As a selection is given it. */
static inline struct span window_name(const struct window *window)
{
    return (struct span){window->name, window->entry.name.n + window->entry.prefix};
}

TAILQ_HEAD(window_queue, window);

struct window_limits {
    uint32_t window_entries; /* kept in one window */
    uint32_t entries;        /* kept in all of a worker's windows */
    size_t bytes;            /* the same in bytes of events */
};

struct window_age {
    struct window *window;
    uint64_t id;
};

LIST_HEAD(client_list, subscription);

/* All of a worker's windows. */
struct windows {
    struct match match;
    struct window_limits limits;
    struct window_queue active;
    struct window_age *ages; /* a ring, oldest first: id order over all windows */
    size_t age_first, age_count, age_capacity;
    size_t bytes;     /* of events held */
    uint64_t backlog; /* entries that the fan-out has not carried to all */
    uint64_t backlog_bytes;
    uint64_t head;               /* all of this worker's entries up to here are in the windows */
    struct client_list *clients; /* subscriptions by their client_id's hash */
    size_t client_count, client_buckets;
    void *(*watch)(void *context,
                   struct window *window);         /* makes window->unwatch; NULL: no memory */
    void (*unwatch)(void *context, void *unwatch); /* the log need not send these any more */
    void *context;
};

/* watch and unwatch are called for each window that is made and closed, but not for clients' own
 * channels, which every worker gets anyhow. */
void windows_init(struct windows *windows, struct window_limits limits,
                  void *(*watch)(void *, struct window *), void (*unwatch)(void *, void *),
                  void *context);
/* All subscriptions are closed before. */
void windows_fini(struct windows *windows);

/* The window of that name, made if there is none; NULL where there is no memory. The caller adds a
 * link at once or calls window_drop. floor: of a new one, UINT64_MAX until the log has answered. */
struct window *window_get(struct windows *windows, struct span name, uint64_t hash, bool prefix,
                          uint64_t floor);

/* Closes the window if it has no link. */
void window_drop(struct windows *windows, struct window *window);

/* Puts a link into the circle, behind all, as one that is served. */
void window_join(struct window *window, struct link *link, struct subscription *subscription);
/* Takes it out; closes the window with its last link. */
void window_leave(struct windows *windows, struct link *link);

/* An entry from the log, ids rising: goes into the windows that it meets. Takes a reference for
 * each. */
bool windows_append(struct windows *windows, struct event *event);

/* ENTRY_FORGET from the log: the windows drop the channel's events, and what is older. Cursors that
 * have not seen those are below the floor then, and read on from the log, which tells what is gone.
 */
void windows_forget(struct windows *windows, const struct event *forget);

/* Another entry from the log, which concerns no window. */
void windows_pass(struct windows *windows, uint64_t id);

/* Drops the entries up to this id, which the log does not hold in memory any more either; but none
 * that the fan-out has still to carry round. */
void windows_trim(struct windows *windows, uint64_t up_to);

/* The link to serve next, NULL when all circles are round. To be served means to be offered the
 * window's entries: whoever cannot take them now is not waited for. */
struct link *windows_next(struct windows *windows);

static inline uint64_t window_newest(const struct window *window)
{
    const struct event *newest = ring_newest(&window->ring);
    return newest ? newest->id : window->floor;
}

#endif
