/* The standard's steps in the standard's order; shares nothing with src/sse. */
#include "sse_model.h"

#include "base/utf8.h"
#include "sse/render.h"

enum { MODEL_MAX = 1 << 24 };

struct model {
    struct buf data;
    struct buf type;
    struct buf id;
    struct buf last_id;
    struct buf *out;
};

static void append(struct buf *buf, struct span bytes)
{
    CHECK(buf_append(buf, bytes.p, bytes.n) == OK);
}

static void set(struct buf *buf, struct span bytes)
{
    buf->len = 0;
    append(buf, bytes);
}

/* "UTF-8 decode" of the Encoding Standard: the decoder's handler, byte by byte. */
static void decode(struct span bytes, struct buf *text)
{
    uint32_t code = 0;
    int needed = 0, seen = 0;
    unsigned char lower = 0x80, upper = 0xbf;
    char out[4];
    for (size_t i = 0; i < bytes.n; i++) {
        unsigned char byte = (unsigned char)bytes.p[i];
        if (needed == 0) {
            if (byte <= 0x7f) {
                append(text, (struct span){bytes.p + i, 1});
            } else if (byte >= 0xc2 && byte <= 0xdf) {
                needed = 1;
                code = byte & 0x1f;
            } else if (byte >= 0xe0 && byte <= 0xef) {
                lower = byte == 0xe0 ? 0xa0 : lower;
                upper = byte == 0xed ? 0x9f : upper;
                needed = 2;
                code = byte & 0xf;
            } else if (byte >= 0xf0 && byte <= 0xf4) {
                lower = byte == 0xf0 ? 0x90 : lower;
                upper = byte == 0xf4 ? 0x8f : upper;
                needed = 3;
                code = byte & 0x7;
            } else {
                append(text, SPAN("\xef\xbf\xbd"));
            }
            continue;
        }
        bool inside = byte >= lower && byte <= upper;
        lower = 0x80;
        upper = 0xbf;
        if (!inside) {
            needed = seen = 0;
            append(text, SPAN("\xef\xbf\xbd"));
            i--; /* the byte is prepended to the stream */
            continue;
        }
        code = code << 6 | (byte & 0x3f);
        if (++seen == needed) {
            append(text, (struct span){out, utf8_write(code, out)});
            needed = seen = 0;
        }
    }
    if (needed)
        append(text, SPAN("\xef\xbf\xbd"));
}

static void dispatch(struct model *model)
{
    bool moved = !span_equal(buf_span(&model->last_id), buf_span(&model->id));
    set(&model->last_id, buf_span(&model->id));
    if (model->data.len == 0) {
        model->type.len = 0;
        if (moved)
            render_position(model->out, buf_span(&model->last_id));
        return;
    }
    model->data.len--; /* its last character is a LF */
    struct sse_event event = {SPAN("message"), buf_span(&model->data), buf_span(&model->last_id)};
    if (model->type.len)
        event.type = buf_span(&model->type);
    render_event(model->out, &event);
    model->data.len = 0;
    model->type.len = 0;
}

static void process_field(struct model *model, struct span name, struct span value)
{
    if (span_equal(name, SPAN("event"))) {
        set(&model->type, value);
    } else if (span_equal(name, SPAN("data"))) {
        append(&model->data, value);
        append(&model->data, SPAN("\n"));
    } else if (span_equal(name, SPAN("id"))) {
        if (!value.n || !memchr(value.p, '\0', value.n))
            set(&model->id, value);
    } else if (span_equal(name, SPAN("retry"))) {
        uint64_t ms = 0;
        for (size_t i = 0; i < value.n; i++) {
            if (value.p[i] < '0' || value.p[i] > '9')
                return;
            uint64_t digit = (uint64_t)(value.p[i] - '0');
            ms = ms > (UINT64_MAX - digit) / 10 ? UINT64_MAX : ms * 10 + digit;
        }
        if (value.n)
            render_retry(model->out, ms);
    }
}

static void process_line(struct model *model, struct span line)
{
    if (line.n == 0) {
        dispatch(model);
        return;
    }
    const char *colon = memchr(line.p, ':', line.n);
    if (!colon) {
        process_field(model, line, SPAN(""));
        return;
    }
    struct span name = {line.p, (size_t)(colon - line.p)};
    struct span value = {colon + 1, line.n - name.n - 1};
    if (value.n && *value.p == ' ')
        value = (struct span){value.p + 1, value.n - 1};
    if (name.n == 0)
        render_comment(model->out, value);
    else
        process_field(model, name, value);
}

void sse_model(struct span bytes, struct buf *out)
{
    struct model model = {.out = out};
    struct buf text;
    buf_init(&text, MODEL_MAX);
    buf_init(&model.data, MODEL_MAX);
    buf_init(&model.type, MODEL_MAX);
    buf_init(&model.id, MODEL_MAX);
    buf_init(&model.last_id, MODEL_MAX);
    if (span_starts(bytes, SPAN("\xef\xbb\xbf")))
        bytes = (struct span){bytes.p + 3, bytes.n - 3};
    decode(bytes, &text);
    for (size_t start = 0, i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c != '\r' && c != '\n')
            continue;
        process_line(&model, (struct span){text.data + start, i - start});
        if (c == '\r' && i + 1 < text.len && text.data[i + 1] == '\n')
            i++;
        start = i + 1;
    }
    buf_fini(&text);
    buf_fini(&model.data);
    buf_fini(&model.type);
    buf_fini(&model.id);
    buf_fini(&model.last_id);
}
