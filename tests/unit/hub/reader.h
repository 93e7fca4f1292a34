/* Subscriptions on a worker's windows, answered by hand, for the tests of both. */
#ifndef FRESHET_TESTS_HUB_READER_H
#define FRESHET_TESTS_HUB_READER_H

#include "engine/make.h"
#include "hub/subscription.h"

static int watched; /* windows that are watched */

static inline void *count_watch(void *context, struct window *window)
{
    (void)context, (void)window;
    watched++;
    return &watched;
}

static inline void count_unwatch(void *context, void *unwatch)
{
    (void)context, (void)unwatch;
    watched--;
}

static inline void open_windows(struct windows *windows, uint32_t window_entries, uint32_t entries)
{
    watched = 0;
    windows_init(windows, (struct window_limits){window_entries, entries, 1 << 20}, count_watch,
                 count_unwatch, NULL);
}

/* Takes the selection over. */
static inline void open_reader(struct windows *windows, struct subscription *subscription,
                               struct selection *selection)
{
    assert_true(subscription_open(subscription, windows, selection));
    selection_unref(selection);
}

/* The log's answer: nothing in it, complete from start to `complete_to`. */
static inline struct piece *empty_piece(uint64_t start, uint64_t complete_to, uint64_t head)
{
    struct piece *piece = piece_new(0, 0);
    assert_non_null(piece);
    piece->start = start;
    piece->complete_to = complete_to;
    piece->head = head;
    return piece;
}

static inline void append(struct windows *windows, const char *channel, uint64_t id)
{
    struct event *event = make_event(channel, id);
    windows_append(windows, event);
    event_unref(event);
}

/* Takes all that is next and says what it was: ids of one digit, 'a' that it asks, 'g' for a gap
 * that waits, '!' that there was more where it had said that there is not. */
static inline const char *next_of(struct subscription *subscription)
{
    static char text[64];
    struct event *events[4];
    size_t count, n = 0;
    bool all = false;
    for (;;) {
        enum next next = subscription_next(subscription, events, 4, 1 << 20, &count);
        if (all && next != NEXT_NOTHING)
            text[n++] = '!';
        for (size_t i = 0; i < count; i++)
            text[n++] = (char)('0' + events[i]->id);
        subscription_wrote(subscription, events, count);
        all = next == NEXT_ALL;
        if (next == NEXT_EVENTS || all)
            continue;
        if (next != NEXT_NOTHING)
            text[n++] = next == NEXT_ASK ? 'a' : 'g';
        text[n] = '\0';
        return text;
    }
}

/* A reader that is live at `head`. */
static inline void open_live(struct windows *windows, struct subscription *subscription,
                             struct selection *selection, uint64_t head)
{
    open_reader(windows, subscription, selection);
    assert_true(subscription_take(subscription, empty_piece(head, head, head)));
    assert_string_equal(next_of(subscription), "");
    assert_int_equal(subscription->state, SUBSCRIPTION_LIVE);
}

#endif
