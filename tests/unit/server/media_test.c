/* server/media: what a body is, and whether an answer is wanted as a stream. */
#include "unit.h"

#include "server/media.h"

static void parse(const char *headers, char *head, struct http_request *request)
{
    int n = sprintf(head, "POST / HTTP/1.1\r\nHost: h\r\n%s\r\n", headers);
    assert_ok(http_head_parse((struct span){head, (size_t)n}, request));
}

static const struct {
    const char *headers;
    enum error error;
    enum media media;
} rows[] = {
    {"", OK, MEDIA_TEXT},
    {"Content-Type: application/json\r\n", OK, MEDIA_JSON},
    {"content-type:APPLICATION/JSON\r\n", OK, MEDIA_JSON},
    {"Content-Type: application/json;charset=utf-8\r\n", OK, MEDIA_JSON},
    {"Content-Type: application/json ; charset=\"UTF-8\"\r\n", OK, MEDIA_JSON},
    {"Content-Type: application/json; a=b; Charset = utf8\r\n", OK, MEDIA_JSON},
    {"Content-Type: application/x-ndjson\r\n", OK, MEDIA_NDJSON},
    {"Content-Type: application/x-ndjson;\r\n", OK, MEDIA_NDJSON},
    {"Content-Type: application/jsonp\r\n", OK, MEDIA_TEXT},
    {"Content-Type: application/problem+json\r\n", OK, MEDIA_TEXT},
    {"Content-Type: application/x-www-form-urlencoded\r\n", OK, MEDIA_TEXT},
    {"Content-Type: text/plain\r\n", OK, MEDIA_TEXT},
    {"Content-Type:\r\n", OK, MEDIA_TEXT},
    {"Content-Type: ;charset=utf-8\r\n", OK, MEDIA_TEXT},
    {"Content-Type: text/plain; charset=iso-8859-1\r\n", ERROR_CHARSET, MEDIA_TEXT},
    {"Content-Type: text/plain; charset\r\n", ERROR_CHARSET, MEDIA_TEXT},
    {"Content-Type: text/plain; charset=\"\r\n", ERROR_CHARSET, MEDIA_TEXT},
    {"Content-Type: text/plain; charset=utf-8; charset=utf-16\r\n", ERROR_CHARSET, MEDIA_TEXT},
    {"Content-Type: application/json; charset=latin1\r\n", ERROR_CHARSET, MEDIA_JSON},
    {"Content-Type: multipart/form-data; boundary=x\r\n", ERROR_MULTIPART, MEDIA_TEXT},
    {"Content-Type: Multipart/Mixed\r\n", ERROR_MULTIPART, MEDIA_TEXT},
    {"Content-Type: multipart\r\n", OK, MEDIA_TEXT},
    {"Content-Type: text/plain\r\nContent-Type: text/plain\r\n", ERROR_CONTENT_TYPE_TWICE,
     MEDIA_TEXT},
    {"Content-Encoding: gzip\r\n", ERROR_CONTENT_ENCODING, MEDIA_TEXT},
    {"Content-Encoding: identity\r\n", OK, MEDIA_TEXT},
    {"Content-Encoding: identity\r\ncontent-encoding: br\r\n", ERROR_CONTENT_ENCODING, MEDIA_TEXT},
    {"Content-Encoding: identity, gzip\r\n", ERROR_CONTENT_ENCODING, MEDIA_TEXT},
};

static void a_body_is_what_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char head[300];
        struct http_request request;
        enum media media;
        print_message("row %zu: %s", i, rows[i].headers);
        parse(rows[i].headers, head, &request);
        assert_error(media_read(&request, &media), rows[i].error);
        if (!rows[i].error)
            assert_int_equal(media, rows[i].media);
    }
}

static const struct {
    const char *headers;
    bool accepts;
} accepts[] = {
    {"", false},
    {"Accept: text/event-stream\r\n", true},
    {"accept: TEXT/Event-Stream\r\n", true},
    {"Accept: application/json, text/event-stream;q=0.5, */*\r\n", true},
    {"Accept: application/json\r\nAccept: text/event-stream\r\n", true},
    {"Accept: */*\r\n", false},
    {"Accept: text/*\r\n", false},
    {"Accept: text/event-streams\r\n", false},
    {"Accept: text/html;x=\"text/event-stream\"\r\n", false},
    {"Accept: ,, ,text/event-stream\r\n", true},
    {"Accepts: text/event-stream\r\n", false},
};

static void a_stream_is_accepted_by_name_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepts / sizeof *accepts; i++) {
        char head[300];
        struct http_request request;
        print_message("row %zu: %s", i, accepts[i].headers);
        parse(accepts[i].headers, head, &request);
        assert_int_equal(media_accepts(&request, SPAN("text/event-stream")), accepts[i].accepts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_what_the_table_says),
        cmocka_unit_test(a_stream_is_accepted_by_name_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
