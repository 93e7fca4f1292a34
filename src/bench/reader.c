/* The answer's framing hands pieces of the body to the lines, and the lines make blocks. A line
 * that lies whole in the bytes is looked at where it lies; of another only the front is kept,
 * because that is all that is looked at when it ends, and the rest is compared as it passes. */
#include "bench/reader.h"

#include "base/check.h"
#include "base/id.h"

#include <stdlib.h>

enum block_type { TYPE_NONE, TYPE_GAP, TYPE_BUSY };
enum block_data { DATA_NONE, DATA_OTHER, DATA_WHOLE, DATA_DAMAGED };

/* A line that has ended: its front, its whole length, and whether what is not in the front differs
 * from what it should be. */
struct line {
    struct span front;
    size_t length;
    bool damaged;
};

void reader_restart(struct reader *reader)
{
    free(reader->block_text);
    *reader = (struct reader){.position = reader->position, .id = reader->id, .line_end = '\n'};
    answer_init(&reader->answer);
}

void reader_fini(struct reader *reader)
{
    free(reader->id);
    free(reader->block_text);
    *reader = (struct reader){0};
}

static void notify(struct reader *reader, const struct reader_rules *rules,
                   enum reader_notice notice, const struct reader_event *event)
{
    rules->notice(rules->context, reader, notice, event);
}

static void stand_open(struct reader *reader, const struct reader_rules *rules)
{
    if (reader->open)
        return;
    reader->open = true;
    notify(reader, rules, READER_OPENED, NULL);
}

/* ---- fields ---- */

static void take_id(struct reader *reader, const struct reader_rules *rules, struct span text)
{
    uint64_t id;
    if (rules->ordered_ids && id_parse(text, &id) == OK)
        reader->block_id = id;
    if (!rules->keeps_ids)
        return;
    free(reader->block_text);
    reader->block_text = NULL;
    if (text.n && text.n <= READER_ID_MAX) {
        reader->block_text = memory_new(text.n + 1);
        memcpy(reader->block_text, text.p, text.n);
    }
}

/* at: where the data begins in the line. */
static void take_data(struct reader *reader, const struct reader_rules *rules,
                      const struct line *line, size_t at)
{
    const struct payload *payload = rules->payload;
    struct span front = {line->front.p + at, line->front.n - at};
    enum block_data before = reader->block_data;
    reader->block_data = before == DATA_NONE || before == DATA_OTHER ? DATA_OTHER : DATA_DAMAGED;
    if (!payload_read(payload, front, &reader->block_front))
        return;
    bool whole = before == DATA_NONE && !line->damaged &&
                 line->length == at + payload->whole_size && payload_matches(payload, 0, front);
    reader->block_data = whole ? DATA_WHOLE : DATA_DAMAGED;
}

static void take_type(struct reader *reader, struct span text)
{
    reader->block_type = span_equal(text, SPAN("freshet.gap"))    ? TYPE_GAP
                         : span_equal(text, SPAN("freshet.busy")) ? TYPE_BUSY
                                                                  : TYPE_NONE;
}

static void end_block(struct reader *reader, const struct reader_rules *rules)
{
    uint64_t id = reader->block_id;
    uint8_t type = reader->block_type, data = reader->block_data;
    struct reader_event event = {.front = reader->block_front,
                                 .rising = !rules->ordered_ids || id > reader->position,
                                 .damaged = data == DATA_DAMAGED};
    bool has_id = id || reader->block_text;
    reader->block_id = 0;
    reader->block_type = TYPE_NONE;
    reader->block_data = DATA_NONE;
    if (id > reader->position)
        reader->position = id;
    if (reader->block_text) {
        free(reader->id);
        reader->id = reader->block_text;
        reader->block_text = NULL;
    }
    if (type != TYPE_NONE) {
        notify(reader, rules, type == TYPE_GAP ? READER_GAP : READER_BUSY, NULL);
        return;
    }
    if (has_id || data != DATA_NONE)
        stand_open(reader, rules);
    if (data == DATA_WHOLE || data == DATA_DAMAGED)
        notify(reader, rules, READER_EVENT, &event);
    else if (data == DATA_OTHER)
        notify(reader, rules, READER_FOREIGN, NULL);
}

static void end_line(struct reader *reader, const struct reader_rules *rules,
                     const struct line *line)
{
    if (line->length == 0) {
        end_block(reader, rules);
        return;
    }
    struct span value = line->front, name = span_cut(&value, ':');
    if (value.n && *value.p == ' ')
        value.p++, value.n--;
    if (span_equal(name, SPAN("data")))
        take_data(reader, rules, line, line->front.n - value.n);
    else if (span_equal(name, SPAN("id")))
        take_id(reader, rules, value);
    else if (span_equal(name, SPAN("event")))
        take_type(reader, value);
}

/* ---- lines ---- */

/* Keeps a piece of a line that has not all come, or compares it where it is not kept. */
static void keep_piece(struct reader *reader, const struct reader_rules *rules, struct span piece)
{
    size_t at = reader->line_length;
    if (at < READER_LINE_FRONT) {
        size_t room = READER_LINE_FRONT - at;
        memcpy(reader->line + at, piece.p, piece.n < room ? piece.n : room);
    }
    reader->line_length += (uint32_t)piece.n;
    if (at + piece.n > READER_LINE_FRONT) {
        size_t before = at < READER_LINE_FRONT ? READER_LINE_FRONT - at : 0;
        size_t data_at = reader->line[5] == ' ' ? 6 : 5; /* if it is `data:` */
        struct span rest = {piece.p + before, piece.n - before};
        reader->damaged |= !payload_matches(rules->payload, at + before - data_at, rest);
    }
}

/* The line ends with this piece. */
static void take_line(struct reader *reader, const struct reader_rules *rules, struct span piece)
{
    struct line line = {.front = piece, .length = piece.n};
    if (reader->line_length) {
        keep_piece(reader, rules, piece);
        size_t length = reader->line_length;
        line = (struct line){
            .front = {reader->line, length < READER_LINE_FRONT ? length : READER_LINE_FRONT},
            .length = length,
            .damaged = reader->damaged};
        reader->line_length = 0;
        reader->damaged = false;
    }
    end_line(reader, rules, &line);
}

/* A piece of the body. The end that lines have had is looked for first, so that it is found without
 * going through all that follows. */
static void take_body(struct reader *reader, const struct reader_rules *rules, struct span bytes)
{
    while (bytes.n) {
        if (reader->after_cr) {
            reader->after_cr = false;
            if (*bytes.p == '\n') {
                bytes.p++, bytes.n--;
                continue;
            }
        }
        char usual = reader->line_end, other = usual == '\n' ? '\r' : '\n';
        const char *end = memchr(bytes.p, usual, bytes.n);
        const char *sooner = memchr(bytes.p, other, end ? (size_t)(end - bytes.p) : bytes.n);
        end = sooner ? sooner : end;
        if (!end) {
            keep_piece(reader, rules, bytes);
            return;
        }
        size_t n = (size_t)(end - bytes.p);
        reader->line_end = *end;
        reader->after_cr = *end == '\r';
        take_line(reader, rules, (struct span){bytes.p, n});
        bytes = (struct span){end + 1, bytes.n - n - 1};
    }
}

bool reader_feed(struct reader *reader, const struct reader_rules *rules, struct span bytes)
{
    struct answer *answer = &reader->answer;
    while (bytes.n && !answer_is_over(answer)) {
        struct span body;
        bool had_head = answer_has_head(answer);
        size_t used = answer_feed(answer, bytes, &body);
        if (!had_head && answer_has_head(answer)) {
            if (answer->status != 200) {
                notify(reader, rules, READER_REFUSED, NULL);
                return false;
            }
            if (!rules->opens_with_block)
                stand_open(reader, rules);
        }
        take_body(reader, rules, body);
        bytes = (struct span){bytes.p + used, bytes.n - used};
    }
    return !answer_is_over(answer);
}
