/* sse/write: the bytes of frames and blocks, and that our parser reads them back. */
#include "unit.h"

#include "sse/parse.h"
#include "sse/write.h"

static const struct {
    const char *type;
    const char *data;
    const char *frame;
} frames[] = {
    {"", "", "data: \n\n"},
    {"", "a", "data: a\n\n"},
    {"x", "a", "event: x\ndata: a\n\n"},
    {"", " a ", "data:  a \n\n"},
    {"", "a\nb", "data: a\ndata: b\n\n"},
    {"", "a\rb", "data: a\ndata: b\n\n"},
    {"", "a\r\nb", "data: a\ndata: b\n\n"},
    {"", "a\n\rb", "data: a\ndata: \ndata: b\n\n"},
    {"", "a\r\r\nb", "data: a\ndata: \ndata: b\n\n"},
    {"", "\n", "data: \ndata: \n\n"},
    {"", "a\n", "data: a\ndata: \n\n"},
    {"", "a\r\n", "data: a\ndata: \n\n"},
    {"", "a\r", "data: a\ndata: \n\n"},
    {"", "\r\n\r\na", "data: \ndata: \ndata: a\n\n"},
    {"tick tock", "id: 1\n: no\n\nevent: y",
     "event: tick tock\ndata: id: 1\ndata: : no\ndata: \ndata: event: y\n\n"},
    {"", "\xe2\x82\xac\n\xf0\x9f\x8c\x8a", "data: \xe2\x82\xac\ndata: \xf0\x9f\x8c\x8a\n\n"},
};

static void a_frame_has_a_data_line_for_each_line_of_data(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        struct span type = span_from(frames[i].type), data = span_from(frames[i].data);
        char out[200];
        assert_int_equal(sse_frame_size(type, data), strlen(frames[i].frame));
        char *end = sse_frame_write(out, type, data);
        assert_spans(((struct span){out, (size_t)(end - out)}), span_from(frames[i].frame));
    }
}

static void data_of_no_bytes_may_be_nowhere(void **state)
{
    (void)state;
    char out[20];
    struct span nothing = {NULL, 0};
    assert_int_equal(sse_frame_size(nothing, nothing), 8);
    assert_ptr_equal(sse_frame_write(out, nothing, nothing), out + 8);
}

static void nul_in_data_is_data(void **state)
{
    (void)state;
    char out[20];
    char *end = sse_frame_write(out, SPAN(""), SPAN("a\0\nb"));
    assert_span(((struct span){out, (size_t)(end - out)}), "data: a\0\ndata: b\n\n");
}

static void an_id_line_ends_where_the_frame_begins(void **state)
{
    (void)state;
    static const uint64_t ids[] = {0, 1, (UINT64_C(1795327500123) << 16) + 7, UINT64_MAX};
    static const char *const lines[] = {"id: 0-0\n", "id: 0-1\n", "id: 1795327500123-7\n",
                                        "id: 281474976710655-65535\n"};
    for (size_t i = 0; i < 4; i++) {
        char room[2 * SSE_ID_LINE_MAX];
        memset(room, '#', sizeof room);
        char *end = room + SSE_ID_LINE_MAX, *start = sse_id_line_before(end, ids[i]);
        assert_true(start >= room);
        assert_spans(((struct span){start, (size_t)(end - start)}), span_from(lines[i]));
        for (char *p = room; p < start; p++)
            assert_int_equal(*p, '#');
        for (char *p = end; p < room + sizeof room; p++)
            assert_int_equal(*p, '#');
    }
}

static void the_small_blocks_stand_one_after_the_other(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    assert_ok(sse_write_retry(&out, 3000));
    assert_ok(sse_write_comment(&out, SPAN("connected")));
    assert_ok(sse_write_comment(&out, SPAN("")));
    assert_ok(sse_write_position(&out, id_make(1795327500123, 1)));
    assert_ok(sse_write_event(&out, SPAN("freshet.gap"), SPAN("{}")));
    assert_span(buf_span(&out), "retry: 3000\n\n: connected\n\n: \n\nid: 1795327500123-1\n\n"
                                "event: freshet.gap\ndata: {}\n\n");
    buf_fini(&out);
}

static void a_block_that_does_not_fit_is_not_begun(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 6);
    assert_ok(buf_append(&out, "x", 1));
    assert_error(sse_write_retry(&out, 3000), ERROR_TOO_LARGE);
    assert_error(sse_write_comment(&out, SPAN("ab")), ERROR_TOO_LARGE);
    assert_error(sse_write_position(&out, 1), ERROR_TOO_LARGE);
    assert_error(sse_write_event(&out, SPAN(""), SPAN("a")), ERROR_TOO_LARGE);
    assert_span(buf_span(&out), "x");
    assert_ok(sse_write_comment(&out, SPAN("a")));
    assert_span(buf_span(&out), "x: a\n\n");
    buf_fini(&out);
}

struct expected {
    struct span type;
    struct span data;
    int events;
};

static void compare_event(void *context, const struct sse_event *event)
{
    struct expected *expected = context;
    assert_spans(event->type, expected->type.n ? expected->type : SPAN("message"));
    assert_spans(event->data, expected->data);
    assert_span(event->id, "");
    expected->events++;
}

/* CR, LF and CRLF become LF; returns the length. */
static size_t normalise(const char *text, size_t n, char *out)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        out[length++] = text[i] == '\r' ? '\n' : text[i];
        if (text[i] == '\r' && i + 1 < n && text[i + 1] == '\n')
            i++;
    }
    return length;
}

static size_t random_text(uint64_t *random, const char *const *letters, size_t count, char *out)
{
    size_t n = 0;
    for (size_t left = unit_random_below(random, 40); left; left--) {
        const char *letter = letters[unit_random_below(random, count)];
        size_t length = *letter ? strlen(letter) : 1;
        memcpy(out + n, letter, length);
        n += length;
    }
    return n;
}

static void our_parser_reads_back_what_we_write(void **state)
{
    (void)state;
    static const char *const letters[] = {"a",        " ",
                                          "\xc3\xa9", "\xf0\x9f\x8c\x8a",
                                          ":",        "\xef\xbb\xbf",
                                          "data",     "\xef\xbf\xbd",
                                          "\n",       "\r",
                                          "\r\n",     ""};
    static const struct sse_handler handler = {.event = compare_event};
    uint64_t random = unit_seed();
    struct expected expected = {.events = 0};
    struct sse_parser *parser = sse_parser_new(&handler, &expected, 1000);
    assert_non_null(parser);
    for (int round = 1; round <= 20000; round++) {
        char type[200], data[200], normal[200], out[2000];
        struct span type_span = {type, random_text(&random, letters, 8, type)};
        struct span data_span = {data, random_text(&random, letters, 12, data)};
        size_t size = sse_frame_size(type_span, data_span);
        assert_true(size <= sizeof out);
        assert_ptr_equal(sse_frame_write(out, type_span, data_span), out + size);
        expected.type = type_span;
        expected.data = (struct span){normal, normalise(data, data_span.n, normal)};
        size_t cut = unit_random_below(&random, size + 1);
        assert_ok(sse_parser_feed(parser, (struct span){out, cut}));
        assert_ok(sse_parser_feed(parser, (struct span){out + cut, size - cut}));
        assert_int_equal(expected.events, round);
    }
    sse_parser_free(parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_has_a_data_line_for_each_line_of_data),
        cmocka_unit_test(data_of_no_bytes_may_be_nowhere),
        cmocka_unit_test(nul_in_data_is_data),
        cmocka_unit_test(an_id_line_ends_where_the_frame_begins),
        cmocka_unit_test(the_small_blocks_stand_one_after_the_other),
        cmocka_unit_test(a_block_that_does_not_fit_is_not_begun),
        cmocka_unit_test(our_parser_reads_back_what_we_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
