/* Where an event meets the formats: it becomes wire bytes once, when it is accepted. The worker
 * that takes the publish renders the body; the log adds the heads when the id is known. */
#ifndef FRESHET_ENGINE_FRAME_H
#define FRESHET_ENGINE_FRAME_H

#include "hub/event.h"

/* An event without an id. type may be empty; channel, type and data are checked. NULL where there
 * is no memory. Any thread. */
struct event *frame_new(struct span channel, struct span type, struct span data, bool json);

/* Gives the event its id, once, before any other thread has it. */
void frame_stamp(struct event *event, uint64_t id);

#endif
