/* Rendering an event: the SSE frame as one HTTP/1.1 chunk. */
#include "engine/frame.h"

#include "base/check.h"
#include "http/response.h"
#include "sse/write.h"

_Static_assert((int)EVENT_ROOM >= (int)HTTP_CHUNK_HEAD_MAX + (int)SSE_ID_LINE_MAX,
               "the heads fit in");

struct event *frame_new(struct span channel, struct span type, struct span data, bool json)
{
    struct event *event = event_new(channel, sse_frame_size(type, data), json);
    if (event)
        CHECK(sse_frame_write(event_body(event), type, data) == event->bytes + event->end);
    return event;
}

void frame_stamp(struct event *event, uint64_t id)
{
    CHECK(event->id == 0);
    if (event->kind != ENTRY_EVENT && event->kind != ENTRY_TWIN) {
        event->id = id; /* it is never written */
        return;
    }
    char *frame = sse_id_line_before(event_body(event), id);
    event->id = id;
    event->frame = (uint32_t)(frame - event->bytes);
    char *wire = http_chunk_head_before(frame, event->end - event->frame);
    event->wire = (uint32_t)(wire - event->bytes);
}
