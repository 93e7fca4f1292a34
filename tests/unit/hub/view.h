/* What one reader must and may see on one connection: the promises of the interface, checked as it
 * sees one thing after another. Every check returns what is wrong, or NULL. */
#ifndef FRESHET_TESTS_VIEW_H
#define FRESHET_TESTS_VIEW_H

#include "hub/subscription.h"
#include "model.h"

enum { VIEW_NAMES = 8, VIEW_GAPS = 1024, VIEW_NOTICES = 64 };

struct view {
    const struct model *model;
    size_t count;
    char names[VIEW_NAMES][MODEL_NAME]; /* as asked for, with '*'; the last is the client's own */
    struct start asked;
    bool made; /* the client's id is, so that nobody can have sent to it before */
    bool unknown, unknown_told, opened;
    uint64_t begun_head; /* the log's head when it said where the stream starts */
    uint64_t start;
    uint64_t seen; /* the newest id */
    size_t next;   /* of the model's events: what is before it is accounted for */
    size_t gap_count;
    struct view_gap {
        uint64_t after, until;
        unsigned names; /* a bit each */
    } gaps[VIEW_GAPS];
    uint64_t told[VIEW_NAMES]; /* losses up to here are told on each name, or will be */
    size_t notice_count;
    struct gap notices[VIEW_NOTICES]; /* that must come, in this order */
};

/* The log's word on where it starts, for which it searched since that moment, when the newest id
 * was first_head. */
const char *view_begin(struct view *view, uint64_t start, bool unknown, uint64_t first_head,
                       uint64_t first_moment);

/* The log's answer to the opening or to a reading, when it is given: what it holds and leaves out.
 */
const char *view_piece(const struct view *view, const struct piece *piece);
/* The stream takes that answer: from here on its losses must be told. */
const char *view_take(struct view *view, const struct piece *piece, bool opening);

/* The reader gets an event; an id alone, of which the first opens the stream; a notice. */
const char *view_event(struct view *view, uint64_t id);
const char *view_position(struct view *view, uint64_t id);
const char *view_gap(struct view *view, const struct gap *gap);

/* Nothing more is on its way. */
const char *view_settled(struct view *view);

bool view_meets(const struct view *view, size_t channel);

#endif
