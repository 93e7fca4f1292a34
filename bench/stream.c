/* Bytes pass through two small machines: the framing (head, chunk sizes, chunk data) hands pieces
 * of the body to the lines, and the lines make blocks. Of a line only the front is kept, because
 * that is all that is looked at when it ends; the rest is compared with the padding as it passes.
 */
#include "stream.h"

#include "base/id.h"

enum framing { HEAD, CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_CR, CHUNK_LF, PLAIN, ENDED };
enum block_type { TYPE_NONE, TYPE_GAP, TYPE_BUSY };
enum block_data { DATA_NONE, DATA_OTHER, DATA_WHOLE, DATA_DAMAGED };

void stream_restart(struct stream *stream)
{
    *stream = (struct stream){.position = stream->position};
}

static bool line_starts(const struct stream *stream, struct span text, struct span *rest)
{
    size_t kept = stream->line_length < STREAM_LINE_FRONT ? stream->line_length : STREAM_LINE_FRONT;
    if (kept < text.n || strncasecmp(stream->line, text.p, text.n) != 0)
        return false;
    *rest = (struct span){stream->line + text.n, kept - text.n};
    return true;
}

/* The status line, a header or the blank line; false if the answer is not a stream. */
static bool end_head_line(struct stream *stream, const struct stream_rules *rules)
{
    struct span rest;
    if (stream->line_length <= 1) {
        stream->framing = stream->chunked ? CHUNK_SIZE : PLAIN;
        if (stream->status == 200)
            return true;
        rules->notice(rules->context, stream, STREAM_REFUSED, NULL);
        return false;
    }
    if (line_starts(stream, SPAN("transfer-encoding: chunked"), &rest))
        stream->chunked = true;
    else if (line_starts(stream, SPAN("HTTP/1.1 "), &rest) && rest.n >= 3 && !stream->status)
        stream->status =
            (uint16_t)((rest.p[0] - '0') * 100 + (rest.p[1] - '0') * 10 + (rest.p[2] - '0'));
    return true;
}

static void take_id(struct stream *stream, struct span text)
{
    uint64_t id;
    if (id_parse(text, &id) == OK)
        stream->block_id = id;
}

static void take_data(struct stream *stream, const struct stream_rules *rules)
{
    bool whole = !stream->damaged && stream->line_length == 6 + rules->payload->size;
    stream->block_data = DATA_OTHER;
    if (stream->line_length >= STREAM_LINE_FRONT &&
        payload_read(stream->line + 6, &stream->block_front))
        stream->block_data = whole ? DATA_WHOLE : DATA_DAMAGED;
}

static void end_block(struct stream *stream, const struct stream_rules *rules)
{
    uint64_t id = stream->block_id;
    uint8_t type = stream->block_type, data = stream->block_data;
    struct stream_event event = {.front = stream->block_front,
                                 .rising = id > stream->position,
                                 .damaged = data == DATA_DAMAGED};
    stream->block_id = 0;
    stream->block_type = TYPE_NONE;
    stream->block_data = DATA_NONE;
    if (id > stream->position)
        stream->position = id;
    if (type != TYPE_NONE) {
        rules->notice(rules->context, stream, type == TYPE_GAP ? STREAM_GAP : STREAM_BUSY, NULL);
        return;
    }
    if (!stream->open && (id || data)) {
        stream->open = true;
        rules->notice(rules->context, stream, STREAM_OPENED, NULL);
    }
    if (data == DATA_WHOLE || data == DATA_DAMAGED)
        rules->notice(rules->context, stream, STREAM_EVENT, &event);
}

static void end_line(struct stream *stream, const struct stream_rules *rules)
{
    struct span rest;
    if (stream->line_length == 0)
        end_block(stream, rules);
    else if (line_starts(stream, SPAN("data: "), &rest))
        take_data(stream, rules);
    else if (line_starts(stream, SPAN("id: "), &rest))
        take_id(stream, rest);
    else if (line_starts(stream, SPAN("event: freshet.gap"), &rest))
        stream->block_type = TYPE_GAP;
    else if (line_starts(stream, SPAN("event: freshet.busy"), &rest))
        stream->block_type = TYPE_BUSY;
}

/* A piece of a line, without its LF. */
static void take_piece(struct stream *stream, const struct stream_rules *rules, struct span piece)
{
    size_t at = stream->line_length;
    if (at < STREAM_LINE_FRONT) {
        size_t room = STREAM_LINE_FRONT - at;
        memcpy(stream->line + at, piece.p, piece.n < room ? piece.n : room);
    }
    if (at + piece.n > STREAM_LINE_FRONT) {
        size_t before = at < 6 ? 6 - at : 0; /* `data: ` */
        stream->damaged |=
            !payload_matches(rules->payload, at + before - 6, piece.p + before, piece.n - before);
    }
    stream->line_length += (uint32_t)piece.n;
}

/* Takes bytes of the body or the head line by line; returns how many it took: all, or up to the end
 * of the head. */
static size_t take_lines(struct stream *stream, const struct stream_rules *rules, struct span bytes)
{
    size_t used = 0;
    while (used < bytes.n) {
        const char *from = bytes.p + used;
        const char *end = memchr(from, '\n', bytes.n - used);
        size_t n = end ? (size_t)(end - from) : bytes.n - used;
        take_piece(stream, rules, (struct span){from, n});
        used += n;
        if (!end)
            break;
        used++;
        bool was_head = stream->framing == HEAD;
        if (!was_head)
            end_line(stream, rules);
        else if (!end_head_line(stream, rules))
            stream->framing = ENDED;
        stream->line_length = 0;
        stream->damaged = false;
        if (was_head && stream->framing != HEAD)
            break;
    }
    return used;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of what stands between the chunks' data. */
static void take_frame(struct stream *stream, char c)
{
    int digit;
    switch (stream->framing) {
    case CHUNK_SIZE:
        digit = hex_digit(c);
        if (digit >= 0 && stream->chunk_left < 1u << 27) {
            stream->chunk_left = stream->chunk_left << 4 | (uint32_t)digit;
            return;
        }
        stream->framing = c == '\r' || c == ';' ? CHUNK_EXTENSION : ENDED;
        return;
    case CHUNK_EXTENSION:
        if (c == '\n')
            stream->framing = stream->chunk_left ? CHUNK_DATA : ENDED;
        return;
    case CHUNK_CR:
        stream->framing = c == '\r' ? CHUNK_LF : ENDED;
        return;
    default:
        stream->framing = c == '\n' ? CHUNK_SIZE : ENDED;
        return;
    }
}

bool stream_feed(struct stream *stream, const struct stream_rules *rules, struct span bytes)
{
    while (bytes.n > 0 && stream->framing != ENDED) {
        size_t used = 1;
        if (stream->framing == HEAD || stream->framing == PLAIN) {
            used = take_lines(stream, rules, bytes);
        } else if (stream->framing == CHUNK_DATA) {
            size_t n = bytes.n < stream->chunk_left ? bytes.n : stream->chunk_left;
            used = take_lines(stream, rules, (struct span){bytes.p, n});
            stream->chunk_left -= (uint32_t)n;
            if (stream->chunk_left == 0)
                stream->framing = CHUNK_CR;
        } else {
            take_frame(stream, *bytes.p);
        }
        bytes.p += used;
        bytes.n -= used;
    }
    return stream->framing != ENDED;
}
