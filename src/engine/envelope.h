/* An event as JSON: what the history answers, and what a stream with envelope=1 carries as data. An
 * envelope is the event's second rendering, made when a first stream needs it and shared by all;
 * where there is no room left for those whoever made it keeps it, until twice that room is taken.
 * Any thread. */
#ifndef FRESHET_ENGINE_ENVELOPE_H
#define FRESHET_ENGINE_ENVELOPE_H

#include "base/buf.h"
#include "hub/event.h"

/* Appends one line, {"channel":…,"id":…,"event":…,"data":…}, without the channel if that is false,
 * all or nothing. Data published as JSON is embedded (line breaks become spaces), text is a string
 * (its lines joined by LF). Errors of buf. */
enum error event_write_json(const struct event *event, bool channel, struct buf *out);

/* The event with its envelope as data, same id and type. The reference is the caller's. NULL where
 * there is no memory. */
struct event *envelope_of(struct event *event, struct twins *twins);

#endif
