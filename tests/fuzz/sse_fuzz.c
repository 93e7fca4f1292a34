/* Any bytes as an event stream: the parser tells what a plain reading of the standard tells, in one
 * piece and in any pieces; a limit strikes at the same place however the bytes are cut; every event
 * is clean and survives being written and parsed again. The pieces' sizes follow from the bytes. */
#include "base/check.h"
#include "base/utf8.h"
#include "sse/parse.h"
#include "sse/render.h"
#include "sse/write.h"
#include "sse_model.h"

#include <stdlib.h>

enum { OUT_MAX = 1 << 24, SMALL = 24, PIECE_MAX = 12 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Feeds the bytes in pieces of 1 to `most` bytes, each in memory of exactly its size. */
static enum error feed(struct sse_parser *parser, struct span bytes, size_t most)
{
    uint32_t draw = (uint32_t)bytes.n;
    enum error error = OK;
    while (bytes.n && !error) {
        draw = draw * 1664525 + 1013904223 + (unsigned char)*bytes.p;
        size_t n = 1 + (draw >> 16) % most;
        if (n > bytes.n || most == SIZE_MAX)
            n = bytes.n;
        char *copy = malloc(n);
        CHECK(copy);
        memcpy(copy, bytes.p, n);
        error = sse_parser_feed(parser, (struct span){copy, n});
        free(copy);
        bytes.p += n;
        bytes.n -= n;
    }
    return error;
}

static enum error parse(struct span bytes, size_t max, size_t most,
                        const struct sse_handler *handler, void *context)
{
    struct sse_parser *parser = sse_parser_new(handler, context, max);
    CHECK(parser);
    enum error error = feed(parser, bytes, most);
    sse_parser_free(parser);
    return error;
}

static void check_pieces(struct span bytes, size_t max, const struct buf *told, enum error error)
{
    static const size_t most[] = {1, PIECE_MAX};
    for (size_t i = 0; i < 2; i++) {
        struct buf again;
        buf_init(&again, OUT_MAX);
        CHECK(parse(bytes, max, most[i], &render_handler, &again) == error);
        CHECK(span_equal(buf_span(&again), buf_span(told)));
        buf_fini(&again);
    }
}

struct round_trip {
    const struct sse_event *sent;
    int events;
};

static void check_same(void *context, const struct sse_event *event)
{
    struct round_trip *round_trip = context;
    CHECK(span_equal(event->type, round_trip->sent->type));
    CHECK(span_equal(event->data, round_trip->sent->data));
    CHECK(event->id.n == 0);
    round_trip->events++;
}

static bool has(struct span text, char c)
{
    return text.n && memchr(text.p, c, text.n);
}

static void check_event(void *context, const struct sse_event *event)
{
    static const struct sse_handler handler = {.event = check_same};
    size_t max = *(size_t *)context;
    struct span parts[] = {event->type, event->data, event->id};
    for (size_t i = 0; i < 3; i++) {
        CHECK(parts[i].n == 0 || utf8_valid(parts[i]));
        CHECK(parts[i].n <= max && !has(parts[i], '\r'));
    }
    CHECK(event->type.n && !has(event->type, '\n'));
    CHECK(!has(event->id, '\n') && !has(event->id, '\0'));

    struct round_trip round_trip = {.sent = event};
    struct buf frame;
    buf_init(&frame, OUT_MAX);
    CHECK(sse_write_event(&frame, event->type, event->data) == OK);
    CHECK(parse(buf_span(&frame), OUT_MAX, SIZE_MAX, &handler, &round_trip) == OK);
    CHECK(round_trip.events == 1);
    buf_fini(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sse_handler checker = {.event = check_event};
    struct span bytes = {(const char *)data, size};
    struct buf expected, told;
    size_t max = OUT_MAX;
    buf_init(&expected, OUT_MAX);
    buf_init(&told, OUT_MAX);
    sse_model(bytes, &expected);
    CHECK(parse(bytes, max, SIZE_MAX, &render_handler, &told) == OK);
    CHECK(span_equal(buf_span(&told), buf_span(&expected)));
    CHECK(parse(bytes, max, SIZE_MAX, &checker, &max) == OK);
    check_pieces(bytes, max, &told, OK);

    told.len = 0;
    enum error error = parse(bytes, SMALL, SIZE_MAX, &render_handler, &told);
    CHECK(error == OK || error == ERROR_TOO_LARGE);
    CHECK(span_starts(buf_span(&expected), buf_span(&told)));
    CHECK(error || told.len == expected.len);
    check_pieces(bytes, SMALL, &told, error);
    buf_fini(&expected);
    buf_fini(&told);
    return 0;
}
