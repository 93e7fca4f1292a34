/* Frames of our own, read back. */
#include "sse/frame.h"

#include "base/check.h"

static struct span take(struct span *frame, struct span field)
{
    struct span line = span_cut(frame, '\n');
    CHECK(span_starts(line, field));
    return (struct span){line.p + field.n, line.n - field.n};
}

struct span sse_frame_type(struct span *frame)
{
    return span_starts(*frame, SPAN("event: ")) ? take(frame, SPAN("event: ")) : SPAN("");
}

bool sse_frame_line(struct span *frame, struct span *line)
{
    if (frame->n == 0 || frame->p[0] == '\n')
        return false;
    *line = take(frame, SPAN("data: "));
    return true;
}
