/* Streams as hubs write them, in every framing and with every end of lines, cut at every byte. */
#include "unit.h"

#include "base/buf.h"
#include "base/check.h"
#include "bench/reader.h"

enum { STORY_MAX = 64 << 10 };

/* What was told, as text. */
struct story {
    struct buf told;
    struct payload payload;
    struct reader_rules rules;
    struct reader reader;
    char last;
};

static void tell(void *context, struct reader *reader, enum reader_notice notice,
                 const struct reader_event *event)
{
    struct story *story = context;
    switch (notice) {
    case READER_OPENED:
        assert_ok(buf_printf(&story->told, "open "));
        break;
    case READER_EVENT:
        assert_ok(buf_printf(&story->told, "%u/%u%s%s ", event->front.channel,
                             event->front.sequence, event->rising ? "" : "!rising",
                             event->damaged ? "!damaged" : ""));
        break;
    case READER_FOREIGN:
        assert_ok(buf_printf(&story->told, "foreign "));
        break;
    case READER_GAP:
        assert_ok(buf_printf(&story->told, "gap "));
        break;
    case READER_BUSY:
        assert_ok(buf_printf(&story->told, "busy "));
        break;
    case READER_REFUSED:
        assert_ok(buf_printf(&story->told, "refused %u ", reader->answer.status));
        break;
    }
}

static struct story *story_new(size_t size, const char *before, const char *after)
{
    struct story *story = calloc(1, sizeof *story);
    buf_init(&story->told, STORY_MAX);
    payload_init(&story->payload, size, span_from(before), span_from(after));
    story->rules =
        (struct reader_rules){.payload = &story->payload, .notice = tell, .context = story};
    return story;
}

static void story_free(struct story *story)
{
    reader_fini(&story->reader);
    payload_fini(&story->payload);
    buf_fini(&story->told);
    free(story);
}

static void write_data(struct story *story, struct buf *out, uint32_t sequence)
{
    payload_write(&story->payload,
                  (struct payload_front){.channel = 3, .sequence = sequence, .sent_ns = 12});
    assert_ok(buf_printf(out, "data: %.*s", (int)story->payload.whole_size, story->payload.whole));
}

/* Feeds the bytes in two pieces; whether more is wanted. */
static bool feed(struct story *story, struct span bytes, size_t cut)
{
    story->told.len = 0;
    reader_restart(&story->reader);
    bool goes_on = reader_feed(&story->reader, &story->rules, (struct span){bytes.p, cut});
    return goes_on &&
           reader_feed(&story->reader, &story->rules, (struct span){bytes.p + cut, bytes.n - cut});
}

static void assert_told(struct story *story, struct span bytes, const char *told, bool goes_on)
{
    for (size_t cut = 0; cut <= bytes.n; cut++) {
        assert_int_equal(feed(story, bytes, cut), goes_on);
        assert_spans(buf_span(&story->told), span_from(told));
        reader_fini(&story->reader);
    }
}

/* A body in an answer of this framing: c chunks of `chunk` bytes, p until the end. */
static void frame(struct buf *out, struct span body, char framing, size_t chunk)
{
    assert_ok(buf_printf(out, "HTTP/1.%d 200 OK\r\nContent-Type: text/event-stream\r\n%s\r\n",
                         framing == '0' ? 0 : 1,
                         framing == 'c' ? "Transfer-Encoding: chunked\r\n" : ""));
    while (body.n) {
        size_t n = body.n < chunk ? body.n : chunk;
        if (framing == 'c')
            assert_ok(buf_printf(out, "%zx\r\n", n));
        assert_ok(buf_append(out, body.p, n));
        if (framing == 'c')
            assert_ok(buf_printf(out, "\r\n"));
        body = (struct span){body.p + n, body.n - n};
    }
}

/* The text with every LF as another end of lines. */
static void end_lines(struct buf *out, struct span text, const char *end)
{
    for (size_t i = 0; i < text.n; i++)
        assert_ok(text.p[i] == '\n' ? buf_printf(out, "%s", end) : buf_append(out, text.p + i, 1));
}

static void every_framing_and_line_end_tells_the_same(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    static const char framings[] = "c10";
    static const size_t sizes[] = {46, 150, 300};
    for (size_t i = 0; i < 3; i++) {
        struct story *story = story_new(sizes[i], "", "");
        struct buf text;
        buf_init(&text, STORY_MAX);
        assert_ok(buf_printf(&text, ": hi\n\nid: 1:0\n"));
        write_data(story, &text, 0);
        assert_ok(buf_printf(&text, "\n\nevent: x\nretry: 10\n"));
        write_data(story, &text, 1);
        assert_ok(buf_printf(
            &text, "\nid: 1:1\n\ndata: other\n\ndata\n\nevent: freshet.gap\ndata: {}\n\n"));
        write_data(story, &text, 2);
        assert_ok(buf_printf(&text, "\n\n"));
        write_data(story, &text, 3); /* has no end */
        for (size_t e = 0; e < 3; e++) {
            struct buf body;
            buf_init(&body, STORY_MAX);
            end_lines(&body, buf_span(&text), ends[e]);
            for (size_t f = 0; f < 3; f++) {
                struct buf bytes;
                buf_init(&bytes, STORY_MAX);
                frame(&bytes, buf_span(&body), framings[f], f ? 1 << 20 : 7 + 50 * e);
                assert_told(story, buf_span(&bytes), "open 3/0 3/1 foreign foreign gap 3/2 ", true);
                buf_fini(&bytes);
            }
            buf_fini(&body);
        }
        buf_fini(&text);
        story_free(story);
    }
}

static void assert_body(struct story *story, struct buf *body, const char *told)
{
    struct buf bytes;
    buf_init(&bytes, STORY_MAX);
    frame(&bytes, buf_span(body), '1', 1 << 20);
    assert_told(story, buf_span(&bytes), told, true);
    buf_fini(&bytes);
    body->len = 0;
}

static void each_byte_that_differs_is_damage(void **state)
{
    (void)state;
    struct story *story = story_new(160, "", "");
    struct buf body;
    buf_init(&body, STORY_MAX);
    for (size_t i = PAYLOAD_FRONT; i < 160; i++) {
        write_data(story, &body, 0);
        body.data[6 + i] ^= 1;
        assert_ok(buf_printf(&body, "\n\n"));
        write_data(story, &body, 1);
        assert_ok(buf_printf(&body, "\n\n"));
        assert_body(story, &body, "open 3/0!damaged 3/1 ");
    }
    buf_fini(&body);
    story_free(story);
}

static void data_that_is_too_short_too_long_or_on_two_lines_is_damaged(void **state)
{
    (void)state;
    struct story *story = story_new(160, "", "");
    struct buf body;
    buf_init(&body, STORY_MAX);
    write_data(story, &body, 0);
    body.len--;
    assert_ok(buf_printf(&body, "\n\n"));
    write_data(story, &body, 1);
    assert_ok(buf_printf(&body, "a\n\n"));
    write_data(story, &body, 2);
    assert_ok(buf_printf(&body, "\ndata: more\n\ndata: more\n"));
    write_data(story, &body, 3);
    assert_ok(buf_printf(&body, "\n\n"));
    assert_body(story, &body, "open 3/0!damaged 3/1!damaged 3/2!damaged 3/3!damaged ");
    buf_fini(&body);
    story_free(story);
}

static void the_space_behind_the_colon_may_be_missing(void **state)
{
    (void)state;
    struct story *story = story_new(160, "", "");
    struct buf body, data;
    buf_init(&body, STORY_MAX);
    buf_init(&data, STORY_MAX);
    write_data(story, &data, 5);
    assert_ok(buf_printf(&body, "data:%.*s\n\n", (int)data.len - 6, data.data + 6));
    assert_body(story, &body, "open 3/5 ");
    buf_fini(&body);
    buf_fini(&data);
    story_free(story);
}

static void a_hub_may_put_its_own_text_around_the_data(void **state)
{
    (void)state;
    struct story *story = story_new(100, "{\"text\":\"", "\",\"more\":[1,2]}");
    struct buf body;
    buf_init(&body, STORY_MAX);
    write_data(story, &body, 0);
    assert_ok(buf_printf(&body, "\n\n"));
    write_data(story, &body, 1);
    body.data[body.len - 2] = '3';
    assert_ok(buf_printf(&body, "\n\n"));
    size_t at = body.len;
    write_data(story, &body, 2);
    body.data[at + 7] = 'x';
    assert_ok(buf_printf(&body, "\n\n"));
    assert_body(story, &body, "open 3/0 3/1!damaged 3/2!damaged ");
    buf_fini(&body);
    story_free(story);
}

static void freshets_own_events_are_known(void **state)
{
    (void)state;
    struct story *story = story_new(46, "", "");
    struct buf body;
    buf_init(&body, STORY_MAX);
    story->rules.opens_with_block = story->rules.ordered_ids = true;
    assert_ok(buf_printf(&body, "retry: 3000\n\n: connected\n\n"));
    assert_body(story, &body, "");
    assert_ok(buf_printf(&body, "event: freshet.busy\ndata: {}\n\n"));
    assert_body(story, &body, "busy ");
    assert_ok(buf_printf(&body, "event: freshet.gap\ndata: {}\n\nid: 5-0\n\nid: 6-0\n"));
    write_data(story, &body, 0);
    assert_ok(buf_printf(&body, "\n\nid: 6-0\n"));
    write_data(story, &body, 1);
    assert_ok(buf_printf(&body, "\n\n"));
    assert_body(story, &body, "gap open 3/0 3/1!rising ");
    buf_fini(&body);
    story_free(story);
}

static void the_id_of_the_last_whole_block_is_kept(void **state)
{
    (void)state;
    struct story *story = story_new(46, "", "");
    struct buf bytes;
    buf_init(&bytes, STORY_MAX);
    story->rules.keeps_ids = true;
    frame(&bytes, SPAN("id: urn:uuid:0b1d\ndata: x\n\nid: urn:uuid:0b1e\ndata: x\n\nid: 7\n"), '1',
          1000);
    for (size_t cut = 0; cut <= bytes.len; cut++) {
        assert_true(feed(story, buf_span(&bytes), cut));
        assert_string_equal(story->reader.id, "urn:uuid:0b1e");
        reader_restart(&story->reader);
        assert_string_equal(story->reader.id, "urn:uuid:0b1e");
        reader_fini(&story->reader);
    }
    buf_fini(&bytes);
    story_free(story);
}

static void what_is_no_stream_ends(void **state)
{
    (void)state;
    struct story *story = story_new(46, "", "");
    assert_told(story, SPAN("HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno"), "refused 503 ",
                false);
    assert_told(story, SPAN("HTTP/1.1 204 No Content\r\n\r\n"), "refused 204 ", false);
    assert_told(story, SPAN("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                "open ", false);
    assert_told(story, SPAN("hello\r\n"), "", false);
    story_free(story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_framing_and_line_end_tells_the_same),
        cmocka_unit_test(each_byte_that_differs_is_damage),
        cmocka_unit_test(data_that_is_too_short_too_long_or_on_two_lines_is_damaged),
        cmocka_unit_test(the_space_behind_the_colon_may_be_missing),
        cmocka_unit_test(a_hub_may_put_its_own_text_around_the_data),
        cmocka_unit_test(freshets_own_events_are_known),
        cmocka_unit_test(the_id_of_the_last_whole_block_is_kept),
        cmocka_unit_test(what_is_no_stream_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
