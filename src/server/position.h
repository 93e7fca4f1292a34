/* Where a stream starts, read from what the subscriber says. Never an error: what is no position
 * becomes START_UNKNOWN, which the stream tells as a gap, since a browser would stop for good at a
 * 4xx. Pure. */
#ifndef FRESHET_SERVER_POSITION_H
#define FRESHET_SERVER_POSITION_H

#include "engine/tail.h"

/* Last-Event-ID or one of the parameters of that meaning; not empty. */
void position_read(struct span text, struct start *start);

/* `from`: now, earliest, -N, an id, RFC 3339, Unix milliseconds; not empty. */
void from_read(struct span text, struct start *start);

#endif
