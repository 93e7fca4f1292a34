/* Frames and the small blocks of a stream. A frame's size is counted before it is written, since it
 * lies in one allocation with what surrounds it. */
#include "sse/write.h"

#include "base/check.h"
#include "sse/lines.h"

#include <inttypes.h>

/* Every line of data stands between these; the space is always written, since data may begin with
 * one, of which a client takes one away. */
static const struct span data_field = {"data: ", 6};
static const struct span event_field = {"event: ", 7};

static char *put(char *out, struct span bytes)
{
    if (bytes.n)
        memcpy(out, bytes.p, bytes.n);
    return out + bytes.n;
}

size_t sse_frame_size(struct span type, struct span data)
{
    const char *p = data.n ? data.p : "", *end = p + data.n;
    struct lines lines = lines_from(p, end);
    size_t size = type.n ? event_field.n + type.n + 1 : 0;
    for (;;) {
        const char *stop = lines_stop(&lines, p);
        size += data_field.n + (size_t)(stop - p) + 1;
        if (stop == end)
            return size + 1;
        p = lines_after(&lines, stop);
    }
}

char *sse_frame_write(char *out, struct span type, struct span data)
{
    const char *p = data.n ? data.p : "", *end = p + data.n;
    struct lines lines = lines_from(p, end);
    if (type.n) {
        out = put(put(out, event_field), type);
        *out++ = '\n';
    }
    for (;;) {
        const char *stop = lines_stop(&lines, p);
        out = put(put(out, data_field), (struct span){p, (size_t)(stop - p)});
        *out++ = '\n';
        if (stop == end)
            break;
        p = lines_after(&lines, stop);
    }
    *out++ = '\n';
    return out;
}

char *sse_id_line_before(char *end, uint64_t id)
{
    char line[SSE_ID_LINE_MAX] = "id: ";
    size_t n = 4 + id_format(id, line + 4);
    line[n++] = '\n';
    memcpy(end - n, line, n);
    return end - n;
}

enum error sse_write_retry(struct buf *out, uint64_t ms)
{
    return buf_printf(out, "retry: %" PRIu64 "\n\n", ms);
}

enum error sse_write_comment(struct buf *out, struct span text)
{
    enum error error = buf_reserve(out, text.n + 4);
    if (error)
        return error;
    char *end = put(put(put(out->data + out->len, SPAN(": ")), text), SPAN("\n\n"));
    out->len = (size_t)(end - out->data);
    return OK;
}

enum error sse_write_position(struct buf *out, uint64_t id)
{
    char block[SSE_ID_LINE_MAX + 1];
    char *end = block + SSE_ID_LINE_MAX, *start = sse_id_line_before(end, id);
    *end++ = '\n';
    return buf_append(out, start, (size_t)(end - start));
}

enum error sse_write_event(struct buf *out, struct span type, struct span data)
{
    size_t size = sse_frame_size(type, data);
    enum error error = buf_reserve(out, size);
    if (error)
        return error;
    char *start = out->data + out->len, *end = sse_frame_write(start, type, data);
    CHECK((size_t)(end - start) == size);
    out->len += size;
    return OK;
}
