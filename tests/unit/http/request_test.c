/* http/request: a table of raw heads with what becomes of each, found in pieces and parsed. */
#include "unit.h"

#include "http/request.h"

/* A head that is refused, and one that is accepted with its summary: method, path, ?query, version,
 * host, fate of the connection, body, number of headers. */
/* clang-format off */
#define NO(error, head)    {SPAN(head), ERROR_##error, NULL}
#define YES(summary, head) {SPAN(head), OK, summary}
/* clang-format on */

/* The beginnings of most rows, and the end. */
#define GET  "GET / HTTP/1.1\r\nHost: h\r\n"
#define POST "POST /p HTTP/1.1\r\nHost: h\r\n"
#define OLD  "GET / HTTP/1.0\r\n"
#define END  "\r\n"
#define HOST "\r\nHost: h\r\n\r\n"

#define TEN(line)         line line line line line line line line line line
#define NINE(line)        line line line line line line line line line
#define NINETY_NINE(line) NINE(TEN(line)) NINE(line)
#define HUNDRED(line)     TEN(TEN(line))

static const struct row {
    struct span head;
    enum error error;
    const char *summary;
} rows[] = {
    /* request lines */
    YES("GET / ? 1.1 h keep none 1", GET END),
    YES("GET / ? 1.0  close none 0", OLD END),
    YES("POST /publish/a%2Fb ?event=x&y=%20 1.1 h keep none 1",
        "POST /publish/a%2Fb?event=x&y=%20 HTTP/1.1" HOST),
    YES("GET / ?a?b 1.1 h keep none 1", "GET /?a?b HTTP/1.1" HOST),
    YES("GET // ? 1.1 h keep none 1", "GET // HTTP/1.1" HOST),
    YES("GET /\"<>\\^`{|}~ ? 1.1 h keep none 1", "GET /\"<>\\^`{|}~ HTTP/1.1" HOST),
    YES("get / ? 1.1 h keep none 1", "get / HTTP/1.1" HOST),
    YES("!#$%&'*+-.^_`|~09 / ? 1.1 h keep none 1", "!#$%&'*+-.^_`|~09 / HTTP/1.1" HOST),
    YES("GET / ? 1.1 h keep none 1", "\r\n" GET END),
    YES("GET / ? 1.1 h keep none 1", "\r\n\r\n\r\n\r\n" GET END),
    NO(HTTP_EMPTY_LINES, "\r\n\r\n\r\n\r\n\r\n" GET END),
    NO(HTTP_METHOD, " GET / HTTP/1.1" HOST),
    NO(HTTP_METHOD, "G(T / HTTP/1.1" HOST),
    NO(HTTP_METHOD, "GET\t/ HTTP/1.1" HOST),
    NO(HTTP_METHOD, "G\xc3\x84T / HTTP/1.1" HOST),
    NO(HTTP_METHOD, ":GET / HTTP/1.1" HOST),
    NO(HTTP_REQUEST_LINE, "GET" HOST),
    NO(HTTP_REQUEST_LINE, "GET " HOST),
    NO(HTTP_REQUEST_LINE, "GET /" HOST),
    NO(HTTP_REQUEST_LINE, "GET / " HOST),
    NO(HTTP_REQUEST_LINE, "GET  / HTTP/1.1" HOST),
    NO(HTTP_REQUEST_LINE, "GET /  HTTP/1.1" HOST),
    NO(HTTP_REQUEST_LINE, "GET /a b HTTP/1.1" HOST),
    NO(HTTP_REQUEST_LINE, "GET / http/1.1" HOST),
    NO(HTTP_REQUEST_LINE, "GET / XHTTP/1.1" HOST),
    NO(HTTP_TARGET_BYTE, "GET /a\tb HTTP/1.1" HOST),
    NO(HTTP_TARGET_BYTE, "GET /#x HTTP/1.1" HOST),
    NO(HTTP_TARGET_BYTE, "GET /?q#x HTTP/1.1" HOST),
    NO(HTTP_TARGET_BYTE, "GET /caf\xc3\xa9 HTTP/1.1" HOST),
    NO(HTTP_TARGET_FORM, "GET a HTTP/1.1" HOST),
    NO(HTTP_TARGET_FORM, "GET ?a HTTP/1.1" HOST),
    NO(HTTP_TARGET_FORM, "OPTIONS * HTTP/1.1" HOST),
    NO(HTTP_TARGET_FORM, "CONNECT h:443 HTTP/1.1" HOST),
    NO(HTTP_TARGET_FORM, "GET ftp://h/ HTTP/1.1" HOST),
    NO(HTTP_TARGET_FORM, "GET http:/h HTTP/1.1" HOST),
    NO(HTTP_VERSION_SYNTAX, "GET / HTTP/1.1 " HOST),
    NO(HTTP_VERSION_SYNTAX, "GET / HTTP/1.1\t" HOST),
    NO(HTTP_VERSION_SYNTAX, "GET / HTTP/1.1 x" HOST),
    NO(HTTP_VERSION_SYNTAX, "GET / HTTP/" HOST),
    NO(HTTP_VERSION_SYNTAX, "GET / HTTP/1" HOST),
    NO(HTTP_VERSION_SYNTAX, "GET / HTTP/1.10" HOST),
    NO(HTTP_VERSION_SYNTAX, "GET / HTTP/01.1" HOST),
    NO(HTTP_VERSION_SYNTAX, "GET / HTTP/1,1" HOST),
    NO(HTTP_VERSION_SYNTAX, "GET / HTTP/a.1" HOST),
    NO(HTTP_VERSION, "GET / HTTP/2.0" HOST),
    NO(HTTP_VERSION, "GET / HTTP/1.2" HOST),
    NO(HTTP_VERSION, "GET / HTTP/0.9" HOST),
    NO(HTTP_VERSION, "PRI * HTTP/2.0\r\n\r\n"),
    /* absolute targets: their host wins */
    YES("GET /a ?b 1.1 x:8080 keep none 1", "GET http://x:8080/a?b HTTP/1.1" HOST),
    YES("GET / ? 1.1 x keep none 1", "GET HTTP://x HTTP/1.1" HOST),
    YES("GET / ?a/b 1.1 x keep none 1", "GET https://x?a/b HTTP/1.1" HOST),
    YES("GET / ? 1.0 x close none 0", "GET http://x/ HTTP/1.0\r\n\r\n"),
    NO(HTTP_HOST_MISSING, "GET http://x/ HTTP/1.1\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET http:///a HTTP/1.1" HOST),
    NO(HTTP_HOST_SYNTAX, "GET http:// HTTP/1.1" HOST),
    NO(HTTP_HOST_SYNTAX, "GET http://me@x/ HTTP/1.1" HOST),
    NO(HTTP_HOST_SYNTAX, "GET http://x/ HTTP/1.1\r\nHost: a b\r\n\r\n"),
    /* line ends and control bytes */
    NO(HTTP_LINE_END, "GET / HTTP/1.1\nHost: h\n\n"),
    NO(HTTP_LINE_END, "GET / HTTP/1.1\r\nHost: h\n\r\n"),
    NO(HTTP_LINE_END, GET "\n"),
    NO(HTTP_LINE_END, "\n" GET END),
    NO(HTTP_LINE_END, "\r" GET END),
    NO(HTTP_LINE_END, GET "A: b\rC: d\r\n" END),
    NO(HTTP_LINE_END, GET "A: b\r\r\n" END),
    NO(HTTP_LINE_END, GET "\rA: b\r\n" END),
    NO(HTTP_LINE_END, "GET /\rx HTTP/1.1" HOST),
    NO(HTTP_CONTROL, GET "A: b\0c\r\n" END),
    NO(HTTP_CONTROL, GET "A: b\x7f\r\n" END),
    NO(HTTP_CONTROL, GET "A\x01: b\r\n" END),
    NO(HTTP_CONTROL, GET "A: \x0b\r\n" END),
    NO(HTTP_CONTROL, "GET /\0 HTTP/1.1" HOST),
    NO(HTTP_CONTROL, "GET /\x1b[2J HTTP/1.1" HOST),
    NO(HTTP_CONTROL, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    /* headers */
    YES("GET / ? 1.1 h keep none 2", GET "A:b\r\n" END),
    YES("GET / ? 1.1 h keep none 2", GET "A: \t b\tc \t\r\n" END),
    YES("GET / ? 1.1 h keep none 2", GET "A:\r\n" END),
    YES("GET / ? 1.1 h keep none 2", GET "A:  \t\r\n" END),
    YES("GET / ? 1.1 h keep none 2", GET "A: caf\xc3\xa9 \xff\r\n" END),
    YES("GET / ? 1.1 h keep none 2", GET "!#$%&'*+-.^_`|~09aZ: :\r\n" END),
    YES("GET / ? 1.1 h keep none 100", GET NINETY_NINE("A: b\r\n") END),
    NO(HTTP_HEADERS, GET HUNDRED("A: b\r\n") END),
    NO(HTTP_FOLDING, GET "A: b\r\n c\r\n" END),
    NO(HTTP_FOLDING, GET "A: b\r\n\tc\r\n" END),
    NO(HTTP_FOLDING, GET "A:\r\n \r\n" END),
    NO(HTTP_FOLDING, "GET / HTTP/1.1\r\n Host: h\r\n\r\n"),
    NO(HTTP_CODING_SYNTAX, POST "Transfer-Encoding:\r\n chunked\r\n" END), /* empty already */
    NO(HTTP_HEADER_SPACE, GET "A : b\r\n" END),
    NO(HTTP_HEADER_SPACE, POST "Content-Length : 5\r\n" END),
    NO(HTTP_HEADER_SPACE, POST "Transfer-Encoding\t: chunked\r\n" END),
    NO(HTTP_HEADER_COLON, GET "A\r\n" END),
    NO(HTTP_HEADER_NAME, GET ": b\r\n" END),
    NO(HTTP_HEADER_NAME, GET "A B: c\r\n" END),
    NO(HTTP_HEADER_NAME, GET "A b\r\n" END),
    NO(HTTP_HEADER_NAME, GET "A\xc3\xa9: b\r\n" END),
    NO(HTTP_HEADER_NAME, GET "\"A\": b\r\n" END),
    NO(HTTP_HEADER_NAME, GET "A[]: b\r\n" END),
    /* hosts */
    YES("GET / ? 1.1 example.com:8080 keep none 1",
        "GET / HTTP/1.1\r\nhOsT:example.com:8080\r\n\r\n"),
    YES("GET / ? 1.1 127.0.0.1 keep none 1", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
    YES("GET / ? 1.1 [::1]:65535 keep none 1", "GET / HTTP/1.1\r\nHost: [::1]:65535\r\n\r\n"),
    YES("GET / ? 1.1 a_b-c.~ keep none 1", "GET / HTTP/1.1\r\nHost: a_b-c.~\r\n\r\n"),
    YES("GET / ? 1.0 h close none 1", OLD "Host: h\r\n" END),
    NO(HTTP_HOST_MISSING, "GET / HTTP/1.1\r\n\r\n"),
    NO(HTTP_HOST_TWICE, GET "Host: h\r\n" END),
    NO(HTTP_HOST_TWICE, GET "host: other\r\n" END),
    NO(HTTP_HOST_TWICE, OLD "Host: h\r\nHost: h\r\n" END),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, OLD "Host: \r\n" END),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: me@a\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: a%00\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: caf\xc3\xa9\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: a:\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: a:-1\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: []\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: [1.2.3.4]\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: [" HUNDRED("::1") "]\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n"),
    NO(HTTP_HOST_SYNTAX, "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"),
    /* lengths and codings: where smuggling lives */
    YES("POST /p ? 1.1 h keep sized:5 2", POST "Content-Length: 5\r\n" END),
    YES("POST /p ? 1.1 h keep sized:0 2", POST "content-length:0\r\n" END),
    YES("POST /p ? 1.1 h keep sized:7 2", POST "Content-Length: 007 \r\n" END),
    YES("POST /p ? 1.1 h keep sized:9223372036854775807 2",
        POST "Content-Length: 9223372036854775807\r\n" END),
    YES("GET / ? 1.0  close sized:5 1", OLD "Content-Length: 5\r\n" END),
    YES("POST /p ? 1.1 h keep chunked 2", POST "Transfer-Encoding: chunked\r\n" END),
    YES("POST /p ? 1.1 h keep chunked 2", POST "TRANSFER-ENCODING:\tChunKed\t\r\n" END),
    YES("POST /p ? 1.1 h keep none 2", POST "Content_Length: 5\r\n" END),
    NO(TOO_LARGE, POST "Content-Length: 9223372036854775808\r\n" END),
    NO(TOO_LARGE, POST "Content-Length: 18446744073709551621\r\n" END),
    NO(HTTP_LENGTH_SYNTAX, POST "Content-Length:\r\n" END),
    NO(HTTP_LENGTH_SYNTAX, POST "Content-Length: -1\r\n" END),
    NO(HTTP_LENGTH_SYNTAX, POST "Content-Length: +5\r\n" END),
    NO(HTTP_LENGTH_SYNTAX, POST "Content-Length: 0x5\r\n" END),
    NO(HTTP_LENGTH_SYNTAX, POST "Content-Length: 5.0\r\n" END),
    NO(HTTP_LENGTH_SYNTAX, POST "Content-Length: 5, 5\r\n" END),
    NO(HTTP_LENGTH_SYNTAX, POST "Content-Length: 5 5\r\n" END),
    NO(HTTP_LENGTH_SYNTAX, POST "Content-Length: \"5\"\r\n" END),
    NO(HTTP_LENGTH_SYNTAX, POST "Content-Length: \xb2\r\n" END),
    NO(HTTP_LENGTH_TWICE, POST "Content-Length: 5\r\nContent-Length: 5\r\n" END),
    NO(HTTP_LENGTH_TWICE, POST "Content-Length: 5\r\ncontent-length: 6\r\n" END),
    NO(HTTP_LENGTH_AND_CODING, POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END),
    NO(HTTP_LENGTH_AND_CODING, POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n" END),
    NO(HTTP_CODING_TWICE, POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END),
    NO(HTTP_CODING_TWICE, POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n" END),
    NO(HTTP_CODING_OLD, OLD "Transfer-Encoding: chunked\r\n" END),
    NO(HTTP_CODING_SYNTAX, POST "Transfer-Encoding:\r\n" END),
    NO(HTTP_CODING_SYNTAX, POST "Transfer-Encoding: chunked,\r\n" END),
    NO(HTTP_CODING_SYNTAX, POST "Transfer-Encoding: ,chunked\r\n" END),
    NO(HTTP_CODING_SYNTAX, POST "Transfer-Encoding: chunked, chunked\r\n" END),
    NO(HTTP_CODING_SYNTAX, POST "Transfer-Encoding: chunked;q=1\r\n" END),
    NO(HTTP_CODING_SYNTAX, POST "Transfer-Encoding: \"chunked\"\r\n" END),
    NO(HTTP_CODING_SYNTAX, POST "Transfer-Encoding: chun ked\r\n" END),
    NO(HTTP_CODING, POST "Transfer-Encoding: gzip, chunked\r\n" END),
    NO(HTTP_CODING, POST "Transfer-Encoding: chunked, identity\r\n" END),
    NO(HTTP_CODING, POST "Transfer-Encoding: xchunked\r\n" END),
    NO(HTTP_CODING, POST "Transfer-Encoding: identity\r\n" END),
    NO(HTTP_CONTROL, POST "Transfer-Encoding: \x0b"
                          "chunked\r\n" END),
    /* what becomes of the connection */
    YES("GET / ? 1.1 h close none 2", GET "Connection: close\r\n" END),
    YES("GET / ? 1.1 h close none 2", GET "Connection: te,, CLOSE ,x\r\n" END),
    YES("GET / ? 1.1 h close none 3", GET "Connection: close\r\nConnection: keep-alive\r\n" END),
    YES("GET / ? 1.1 h keep none 2", GET "Connection: closed, xclose\r\n" END),
    YES("GET / ? 1.0  keep none 1", OLD "Connection: Keep-Alive\r\n" END),
    YES("GET / ? 1.0  close none 1", OLD "Connection: keep-alive, close\r\n" END),
    YES("GET / ? 1.0  close none 1", OLD "Proxy-Connection: keep-alive\r\n" END),
};

enum { ROWS = sizeof rows / sizeof *rows };

/* The bytes in memory of exactly their size, where a sanitizer sees every step outside. */
static struct span exact(struct span bytes)
{
    char *copy = malloc(bytes.n ? bytes.n : 1);
    assert_non_null(copy);
    memcpy(copy, bytes.p, bytes.n);
    return (struct span){copy, bytes.n};
}

/* Finds the head where first `n` bytes come and then all; both times somewhere else in memory. */
static enum error find_cut_at(size_t n, struct span bytes, size_t *size)
{
    struct http_head_scan scan = {0};
    struct span piece = exact((struct span){bytes.p, n});
    enum error error = http_head_find(&scan, piece, size);
    free((char *)piece.p);
    if (error || *size)
        return error;
    struct span all = exact(bytes);
    error = http_head_find(&scan, all, size);
    free((char *)all.p);
    return error;
}

static void summarize(const struct http_request *request, char *out, size_t n)
{
    char body[32] = "none";
    if (request->body == HTTP_BODY_CHUNKED)
        strcpy(body, "chunked");
    if (request->body == HTTP_BODY_SIZED)
        snprintf(body, sizeof body, "sized:%llu", (unsigned long long)request->body_size);
    snprintf(out, n, "%.*s %.*s ?%.*s 1.%d %.*s %s %s %zu", (int)request->method.n,
             request->method.p, (int)request->path.n, request->path.p, (int)request->query.n,
             request->query.p, request->minor, (int)request->host.n, request->host.p,
             request->keep_alive ? "keep" : "close", body, request->header_count);
}

static void every_head_is_understood_or_refused_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct http_head_scan scan = {0};
        struct http_request request;
        char summary[200] = "";
        size_t size;
        struct span head = exact(rows[i].head);
        enum error error = http_head_find(&scan, head, &size);
        if (!error) {
            assert_int_equal(size, head.n);
            error = http_head_parse(head, &request);
        }
        if (!error)
            summarize(&request, summary, sizeof summary);
        if (error != rows[i].error || (!error && strcmp(summary, rows[i].summary) != 0))
            fail_msg("row %zu: %s \"%s\", not %s \"%s\":\n%.*s", i, error_name(error), summary,
                     error_name(rows[i].error), rows[i].summary ? rows[i].summary : "", (int)head.n,
                     head.p);
        free((char *)head.p);
    }
}

static void the_end_of_a_head_is_found_wherever_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct span head = rows[i].head;
        struct http_head_scan scan = {0};
        size_t whole, size;
        enum error error = http_head_find(&scan, head, &whole);
        for (size_t n = 0; n <= head.n; n++)
            if (find_cut_at(n, head, &size) != error || size != whole)
                fail_msg("row %zu, cut at %zu", i, n);
        scan = (struct http_head_scan){0};
        enum error last = OK;
        for (size_t n = 0; n <= head.n && !last; n++) {
            last = http_head_find(&scan, (struct span){head.p, n}, &size);
            assert_true(last || n == head.n || size == 0);
        }
        assert_error(last, error);
    }
}

static void the_parser_alone_refuses_what_the_search_would(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t n = 0; n <= rows[i].head.n; n++) {
            struct http_request request;
            struct span head = exact((struct span){rows[i].head.p, n});
            enum error error = http_head_parse(head, &request);
            free((char *)head.p);
            if (!error != (n == rows[i].head.n && !rows[i].error))
                fail_msg("row %zu, its first %zu bytes: %s", i, n, error_name(error));
        }
}

static void what_follows_a_head_is_left_alone(void **state)
{
    (void)state;
    struct http_head_scan scan = {0};
    struct span bytes = SPAN(GET END "\n\0GET");
    size_t size;
    assert_ok(http_head_find(&scan, bytes, &size));
    assert_int_equal(size, bytes.n - 5);
    assert_ok(http_head_find(&scan, bytes, &size));
    assert_int_equal(size, bytes.n - 5);
}

static void what_can_never_be_a_head_is_refused_at_once_and_again(void **state)
{
    (void)state;
    struct http_head_scan scan = {0};
    size_t size;
    assert_ok(http_head_find(&scan, SPAN("GET"), &size));
    assert_error(http_head_find(&scan, SPAN("GET\0"), &size), ERROR_HTTP_CONTROL);
    assert_error(http_head_find(&scan, SPAN("GET\0"), &size), ERROR_HTTP_CONTROL);
    assert_int_equal(size, 0);
}

static void a_head_given_up_is_blamed_on_its_url_or_on_its_headers(void **state)
{
    (void)state;
    struct http_head_scan scan = {0};
    size_t size;
    assert_ok(http_head_find(&scan, SPAN("\r\nGET /long"), &size));
    assert_error(http_head_too_long(&scan), ERROR_HTTP_TARGET_LONG);
    assert_ok(http_head_find(&scan, SPAN("\r\nGET /long HTTP/1.1\r\nA: "), &size));
    assert_error(http_head_too_long(&scan), ERROR_HTTP_HEAD_LONG);
}

static void headers_are_found_by_name_whatever_the_case(void **state)
{
    (void)state;
    struct http_request request;
    assert_ok(http_head_parse(SPAN(GET "X-One:  1 \r\nTwo:\r\nx-one: 2\r\n" END), &request));
    assert_span(*http_header_find(&request, SPAN("x-ONE")), "1");
    assert_span(*http_header_find(&request, SPAN("Two")), "");
    assert_null(http_header_find(&request, SPAN("X-On")));
    assert_int_equal(http_header_count(&request, SPAN("X-ONE")), 2);
    assert_int_equal(http_header_count(&request, SPAN("Three")), 0);
    assert_span(request.headers[3].name, "x-one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_head_is_understood_or_refused_as_the_table_says),
        cmocka_unit_test(the_end_of_a_head_is_found_wherever_it_is_cut),
        cmocka_unit_test(the_parser_alone_refuses_what_the_search_would),
        cmocka_unit_test(what_follows_a_head_is_left_alone),
        cmocka_unit_test(what_can_never_be_a_head_is_refused_at_once_and_again),
        cmocka_unit_test(a_head_given_up_is_blamed_on_its_url_or_on_its_headers),
        cmocka_unit_test(headers_are_found_by_name_whatever_the_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
