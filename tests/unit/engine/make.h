/* Events for tests of the engine and of the hub: on a channel, with an id. */
#ifndef FRESHET_TESTS_ENGINE_MAKE_H
#define FRESHET_TESTS_ENGINE_MAKE_H

#include "unit.h"

#include "base/hash.h"
#include "engine/frame.h"
#include "hub/selection.h"

static inline struct event *make_event(const char *channel, uint64_t id)
{
    struct event *event = frame_new(span_from(channel), SPAN(""), SPAN("x"), false);
    assert_non_null(event);
    frame_stamp(event, id);
    return event;
}

/* Of up to 8 names, ended by NULL, for the client "me". */
static inline struct selection *make_selection(const char *const *names)
{
    struct span spans[8];
    size_t count = 0;
    for (; names[count]; count++)
        spans[count] = span_from(names[count]);
    struct selection *selection = selection_new(spans, count, SPAN("me"), true);
    assert_non_null(selection);
    return selection;
}

#define SELECTION(...) make_selection((const char *const[]){__VA_ARGS__, NULL})

static inline int make_hash(void **state)
{
    (void)state;
    hash_init();
    return 0;
}

#endif
