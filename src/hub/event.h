/* An event: immutable bytes that every thread shares by counting references. Other entries of the
 * log travel in the same way: they have a name and an id, and no bytes to write.
 *
 * One allocation holds the channel's name and the wire bytes. The frame is rendered before the id
 * is known (by the worker that took the publish), with room in front; the log then writes the id's
 * line and the chunk's head into that room, backwards, and from there on nobody changes a byte:
 *
 *     name | room … chunk head | id line | frame … blank line | CRLF
 *                   ^wire       ^frame    ^body                ^end
 */
#ifndef FRESHET_HUB_EVENT_H
#define FRESHET_HUB_EVENT_H

#include "base/span.h"

#include <stdatomic.h>
#include <stdint.h>

enum entry_kind {
    ENTRY_EVENT,
    ENTRY_FORGET,  /* the channel of that name has lost its history */
    ENTRY_DISMISS, /* the client of that name ('@…') is sent away; value: for how many ms */
    ENTRY_TWIN,    /* an event's second rendering; never in the log */
};

/* The memory that second renderings take, shared by all threads. */
struct twins {
    _Atomic uint64_t bytes;
    _Atomic uint64_t max;
};

struct event {
    atomic_uint references;
    uint16_t name_length;
    bool json;                       /* the data was published as JSON */
    uint8_t kind;                    /* enum entry_kind */
    uint64_t id;                     /* 0 until the log has given it */
    uint64_t hash;                   /* hash_bytes of the channel's name */
    uint32_t wire, frame, body, end; /* offsets in bytes; wire and frame are set with the id */
    union {
        _Atomic(struct event *) twin; /* an event's: set once, by whoever needs it first */
        uint64_t value;               /* ENTRY_DISMISS */
        struct twins *twins;          /* ENTRY_TWIN: where it is counted */
    };
    char bytes[];
};

/* Room in front of the body for the chunk's head and the id's line. */
enum { EVENT_ROOM = 40 };

/* A new event with one reference, its body (body_size bytes) still to be written by the caller
 * before anybody else sees it. NULL where there is no memory. */
struct event *event_new(struct span channel, size_t body_size, bool json);

/* Another entry than an event, without an id. NULL where there is no memory. */
struct event *entry_new(enum entry_kind kind, struct span name, uint64_t value);

/* Gives the event its second rendering, which has one reference, unless another thread was first or
 * there is no room for it: then false, and it stays the caller's, counted all the same. */
bool event_set_twin(struct event *event, struct event *twin, struct twins *twins);

/* Renderings take twice what they may: those that stay their makers' must wait. */
bool twins_are_full(struct twins *twins);

/* Where the body is written, and where the heads must end. */
static inline char *event_body(struct event *event)
{
    return event->bytes + event->body;
}

/* Any thread. The last unref frees, and drops the second rendering. */
struct event *event_ref(struct event *event);
void event_unref(struct event *event);

static inline struct span event_channel(const struct event *event)
{
    return (struct span){event->bytes, event->name_length};
}

/* What HTTP/1.1 writes: one whole chunk. */
static inline struct span event_wire(const struct event *event)
{
    return (struct span){event->bytes + event->wire, event->end + 2 - event->wire};
}

/* What HTTP/1.0 writes: the frame alone. */
static inline struct span event_frame(const struct event *event)
{
    return (struct span){event->bytes + event->frame, event->end - event->frame};
}

/* What it takes of memory, for every sum that has a limit. */
static inline size_t event_size(const struct event *event)
{
    return sizeof *event + event->end + 2 + 56; /* 56: the allocator's and the tables' own */
}

#endif
