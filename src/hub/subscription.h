/* A subscription is a cursor: the position up to which everything on its channels has been written
 * or does not concern it. No queue. What lies after the cursor comes from the windows (live) or,
 * when the cursor is below a floor, in pieces from the log (catching up).
 *
 *     opening ──piece──▶ catching up ⇄ live
 *         └────────────────┴────────────┴──▶ closed
 *
 * What only catching up needs, the selection too, is made when a subscription opens or falls
 * behind, and gone when it is live again: an idle one is small.
 *
 * The owner (a stream) asks subscription_next what to write, writes it, and says how far it came.
 * One thread: the worker's. No socket, no HTTP. */
#ifndef FRESHET_HUB_SUBSCRIPTION_H
#define FRESHET_HUB_SUBSCRIPTION_H

#include "base/check.h"
#include "hub/catch_up.h"
#include "hub/window.h"

enum subscription_state {
    SUBSCRIPTION_OPENING,
    SUBSCRIPTION_CATCHING_UP,
    SUBSCRIPTION_LIVE,
    SUBSCRIPTION_CLOSED,
};

struct subscription {
    struct addressee *self; /* its client (clients.h) */
    union {                 /* for each name but the client's own: &only where that is one */
        struct link only;
        struct link *links;
    };
    LIST_ENTRY(subscription) by_client;
    uint64_t cursor;
    struct catch_up *catch_up; /* NULL: it is live, and nothing older is left to be told */
    uint16_t link_count;
    uint8_t state;
    bool asking; /* a piece is on its way */
    bool linked; /* self->link */
    bool unseen; /* the reader has seen no id as new as the cursor */
    bool missed; /* an event of its own channel is in no window: the log has to be asked */
};

static inline struct gap *subscription_gap(const struct subscription *subscription)
{
    return subscription->catch_up ? subscription->catch_up->gap : NULL;
}

/* Opening: joins the windows of the selection (takes a reference) and waits for the log's first
 * piece. False where there is no memory; nothing is left behind. */
bool subscription_open(struct subscription *subscription, struct windows *windows,
                       struct selection *selection);

/* What it is subscribed to first, a prefix with its star; and who is. Not of a closed one. */
struct span subscription_name(const struct subscription *subscription);
struct span subscription_client_id(const struct subscription *subscription);

/* Leaves the windows and frees what it holds. Idempotent. */
void subscription_close(struct subscription *subscription, struct windows *windows);

/* The log's answer to the opening or to a request for more; takes the piece. False where there is
 * no memory to tell a loss by: the stream has to be closed. */
bool subscription_take(struct subscription *subscription, struct piece *piece);

/* What is next for the reader. */
enum next {
    NEXT_NOTHING, /* all is written, for now */
    NEXT_GAP,     /* tell subscription_gap, then subscription_told */
    NEXT_EVENTS,  /* write these in order, and then subscription_wrote */
    NEXT_ALL,     /* the same, and behind them there is nothing, for now */
    NEXT_ASK,     /* ask the log for what lies after the cursor; sets `asking` */
    NEXT_STARVED, /* there is no memory to go on: the stream has to be closed */
};
/* events: room for max of them; they stay valid until the next call of anything here. *count tells
 * how many there are: at least one with NEXT_EVENTS and NEXT_ALL, no more than fit in max_bytes,
 * but one. */
enum next subscription_next(struct subscription *subscription, struct event **events, size_t max,
                            size_t max_bytes, size_t *count);

/* The first `count` of these events are written, the last at least so far that it will be: the
 * cursor moves there. */
static inline void subscription_wrote(struct subscription *subscription,
                                      struct event *const *events, size_t count)
{
    if (count == 0)
        return;
    CHECK(events[0]->id > subscription->cursor);
    subscription->cursor = events[count - 1]->id;
    subscription->unseen = false;
    if (subscription->catch_up && subscription->catch_up->piece)
        subscription->catch_up->taken += (uint32_t)count;
}

/* The notice is written. Frees it. */
void subscription_told(struct subscription *subscription);

/* The reader takes no more for now: forgets what it holds of a piece, to ask again later. */
void subscription_pause(struct subscription *subscription);

/* Where a reader that is live has everything up to windows->head: moves the cursor there. Tells in
 * *id the position if the reader has not seen it. */
bool subscription_moved(struct subscription *subscription, const struct windows *windows,
                        uint64_t *id);

/* An event is sent to a client: its subscriptions here get a window for it if they have none. */
void subscriptions_open_window(struct windows *windows, const struct event *event);

const char *subscription_state_name(enum subscription_state state);

#endif
