/* http/response: heads and chunks, byte for byte. */
#include "unit.h"

#include "http/response.h"

static const struct row {
    int status;
    const char *type;
    int64_t length;
    bool close;
    const char *extra;
    const char *head;
} rows[] = {
    {200, "text/plain", 5, false, "",
     "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"},
    {200, "text/event-stream", HTTP_LENGTH_CHUNKED, false, "A: b\r\nC: d\r\n",
     "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
     "A: b\r\nC: d\r\n\r\n"},
    {200, "text/event-stream", HTTP_LENGTH_NONE, true, "",
     "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"},
    {404, NULL, 0, false, "", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
    {405, NULL, 0, true, "Allow: GET\r\n",
     "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n"
     "Allow: GET\r\n\r\n"},
    {200, NULL, INT64_MAX, false, "",
     "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n"},
    {204, NULL, 0, false, "", "HTTP/1.1 204 No Content\r\n\r\n"},
    {204, NULL, HTTP_LENGTH_CHUNKED, true, "",
     "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"},
    {100, NULL, HTTP_LENGTH_NONE, false, "", "HTTP/1.1 100 Continue\r\n\r\n"},
    {299, NULL, HTTP_LENGTH_NONE, false, "", "HTTP/1.1 299 Unknown\r\n\r\n"},
};

enum { ROWS = sizeof rows / sizeof *rows };

static enum error write_row(const struct row *row, struct buf *out)
{
    return http_write_head(out, row->status, row->type, row->length, row->close,
                           span_from(row->extra));
}

static void heads_are_written_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct buf out;
        buf_init(&out, 1000);
        assert_ok(write_row(&rows[i], &out));
        assert_spans(buf_span(&out), span_from(rows[i].head));
        buf_fini(&out);
    }
}

static void a_head_is_written_whole_or_not_at_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t room = 0; room <= strlen(rows[i].head); room++) {
            bool fits = room == strlen(rows[i].head);
            struct buf out;
            buf_init(&out, 3 + room);
            assert_ok(buf_append(&out, "abc", 3));
            assert_error(write_row(&rows[i], &out), fits ? OK : ERROR_TOO_LARGE);
            assert_int_equal(out.len, fits ? 3 + room : 3);
            buf_fini(&out);
        }
}

static void every_status_of_an_error_has_a_reason(void **state)
{
    (void)state;
    for (int error = OK; error < ERROR_COUNT; error++)
        if (strcmp(http_reason(error_status((enum error)error)), "Unknown") == 0)
            fail_msg("%s: %d", error_name((enum error)error), error_status((enum error)error));
    assert_string_equal(http_reason(431), "Request Header Fields Too Large");
    assert_string_equal(http_reason(799), "Unknown");
}

static void a_chunk_head_ends_where_it_is_told(void **state)
{
    (void)state;
    static const struct {
        uint32_t size;
        const char *text;
    } heads[] = {
        {1, "1\r\n"},
        {10, "a\r\n"},
        {15, "f\r\n"},
        {16, "10\r\n"},
        {4096, "1000\r\n"},
        {1048575, "fffff\r\n"},
        {0xabcdef, "abcdef\r\n"},
        {0x7fffffff, "7fffffff\r\n"},
        {UINT32_MAX, "ffffffff\r\n"},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char room[HTTP_CHUNK_HEAD_MAX], *end = room + sizeof room;
        char *begin = http_chunk_head_before(end, heads[i].size);
        assert_true(begin >= room);
        assert_spans(((struct span){begin, (size_t)(end - begin)}), span_from(heads[i].text));
    }
}

static void chunks_follow_each_other_and_nothing_is_no_chunk(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    assert_ok(http_write_chunk(&out, SPAN("hello")));
    assert_ok(http_write_chunk(&out, SPAN("")));
    assert_ok(http_write_chunk(&out, SPAN("a\r\n0\r\n\r\nwith more")));
    assert_ok(buf_append(&out, HTTP_LAST_CHUNK, strlen(HTTP_LAST_CHUNK)));
    assert_span(buf_span(&out), "5\r\nhello\r\n11\r\na\r\n0\r\n\r\nwith more\r\n0\r\n\r\n");
    buf_fini(&out);
}

static void a_chunk_is_written_whole_or_not_at_all(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 9);
    assert_error(http_write_chunk(&out, SPAN("12345")), ERROR_TOO_LARGE);
    assert_int_equal(out.len, 0);
    assert_ok(http_write_chunk(&out, SPAN("1234")));
    assert_span(buf_span(&out), "4\r\n1234\r\n");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_written_as_the_table_says),
        cmocka_unit_test(a_head_is_written_whole_or_not_at_all),
        cmocka_unit_test(every_status_of_an_error_has_a_reason),
        cmocka_unit_test(a_chunk_head_ends_where_it_is_told),
        cmocka_unit_test(chunks_follow_each_other_and_nothing_is_no_chunk),
        cmocka_unit_test(a_chunk_is_written_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
