/* Envelopes: read back from the frame, since the bytes that were published are not kept beside it.
 */
#include "engine/envelope.h"

#include "base/id.h"
#include "engine/frame.h"
#include "sse/frame.h"
#include "json/write.h"

static struct span frame_of(const struct event *event)
{
    return (struct span){event->bytes + event->body, event->end - event->body};
}

static enum error write_json_lines(struct span frame, struct buf *out)
{
    struct span line;
    enum error error = OK;
    for (bool first = true; !error && sse_frame_line(&frame, &line); first = false) {
        if (!first)
            error = buf_append(out, " ", 1);
        if (!error)
            error = buf_append(out, line.p, line.n);
    }
    return error;
}

static enum error write_text_lines(struct span frame, struct buf *out)
{
    struct span line;
    enum error error = buf_append(out, "\"", 1);
    for (bool first = true; !error && sse_frame_line(&frame, &line); first = false) {
        if (!first)
            error = buf_append(out, "\\n", 2);
        if (!error)
            error = json_write_escaped(line, out);
    }
    return error ? error : buf_append(out, "\"", 1);
}

static enum error write_members(const struct event *event, bool channel, struct buf *out)
{
    struct span frame = frame_of(event), type = sse_frame_type(&frame);
    enum error error = buf_append(out, "{", 1);
    if (!error && channel) {
        error = buf_append(out, "\"channel\":", 10);
        if (!error)
            error = json_write_string(event_channel(event), out);
        if (!error)
            error = buf_append(out, ",", 1);
    }
    if (!error)
        error = buf_printf(out, "\"id\":\"%s\",\"event\":", id_text(event->id).text);
    if (!error)
        error = type.n ? json_write_string(type, out) : buf_append(out, "null", 4);
    if (!error)
        error = buf_append(out, ",\"data\":", 8);
    if (!error)
        error = event->json ? write_json_lines(frame, out) : write_text_lines(frame, out);
    return error ? error : buf_append(out, "}", 1);
}

enum error event_write_json(const struct event *event, bool channel, struct buf *out)
{
    size_t before = out->len;
    enum error error = write_members(event, channel, out);
    if (error)
        out->len = before;
    return error;
}

static struct event *render(const struct event *event)
{
    struct buf json;
    struct span frame = frame_of(event), type = sse_frame_type(&frame);
    struct event *twin = NULL;
    buf_init(&json, UINT32_MAX / 2);
    if (event_write_json(event, true, &json) == OK)
        twin = frame_new(SPAN(""), type, buf_span(&json), true);
    buf_fini(&json);
    if (!twin)
        return NULL;
    frame_stamp(twin, event->id);
    return twin;
}

struct event *envelope_of(struct event *event, struct twins *twins)
{
    struct event *twin = atomic_load(&event->twin);
    if (twin)
        return event_ref(twin);
    twin = twins_are_full(twins) ? NULL : render(event);
    if (twin && event_set_twin(event, twin, twins))
        return event_ref(twin);
    return twin;
}
