/* Reading back a frame as sse_frame_write writes it: `event:`, `data:` lines, blank line. Only for
 * what we wrote ourselves; what comes from others is for parse.h. Pure, any thread. */
#ifndef FRESHET_SSE_FRAME_H
#define FRESHET_SSE_FRAME_H

#include "base/span.h"

/* Takes the type off the front; empty if the event has none. */
struct span sse_frame_type(struct span *frame);

/* Takes the next line of data off the front; false behind the last. */
bool sse_frame_line(struct span *frame, struct span *line);

#endif
