/* What goes from the engine to one worker: entries, gathered in mail, and answers, in order; and
 * how far that worker is behind with them. Whoever has the engine's turn. */
#ifndef FRESHET_ENGINE_OUTLET_H
#define FRESHET_ENGINE_OUTLET_H

#include "engine/engine.h"

struct outlet {
    struct mailbox *mailbox;
    struct progress *progress;
    struct entries *filling; /* the newest mail of this turn, if it is entries with room */
    uint64_t sent, sent_bytes;
};

/* Takes the reference. Where there is no memory the tail gives some of its history back. */
void outlet_add(struct outlet *outlet, struct event *event, struct tail *tail);

/* Behind the entries so far; the request is the worker's then. */
void outlet_answer(struct outlet *outlet, struct request *request);

/* Sends the entries gathered so far. */
void outlet_flush(struct outlet *outlet);

/* The worker has so much before it that publishers have to wait. */
bool outlet_is_behind(const struct outlet *outlet);

#endif
