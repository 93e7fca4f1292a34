/* http/body: a table of bodies, each fed whole, cut in two at every byte, and byte by byte. */
#include "unit.h"

#include "http/body.h"

enum { LIMIT = 30 };

/* Sizes no body has. */
#define CHUNKED UINT64_MAX
#define NONE    (UINT64_MAX - 1)

#define TEN(text)     text text text text text text text text text text
#define HUNDRED(text) TEN(TEN(text))

static const struct row {
    uint64_t size;
    struct span bytes;
    enum error error;
    struct span data;  /* what is decoded, on an error until then */
    const char *after; /* what does not belong to the body; NULL on an error */
} rows[] = {
    /* without a body, and sized */
    {NONE, SPAN("GET"), OK, SPAN(""), "GET"},
    {0, SPAN("GET"), OK, SPAN(""), "GET"},
    {5, SPAN("hello"), OK, SPAN("hello"), ""},
    {5, SPAN("hello\r\nGET"), OK, SPAN("hello"), "\r\nGET"},
    {6, SPAN("\0\r\n\xff\0\x80"), OK, SPAN("\0\r\n\xff\0\x80"), ""},
    {30, SPAN(TEN("abc")), OK, SPAN(TEN("abc")), ""},
    {31, SPAN(TEN("abc") "d"), ERROR_TOO_LARGE, SPAN(""), NULL},
    {INT64_MAX, SPAN("hello"), ERROR_TOO_LARGE, SPAN(""), NULL},
    /* chunks */
    {CHUNKED, SPAN("0\r\n\r\n"), OK, SPAN(""), ""},
    {CHUNKED, SPAN("0\r\n\r\nGET"), OK, SPAN(""), "GET"},
    {CHUNKED, SPAN("00000000\r\n\r\n"), OK, SPAN(""), ""},
    {CHUNKED, SPAN("5\r\nhello\r\n0\r\n\r\n"), OK, SPAN("hello"), ""},
    {CHUNKED, SPAN("5\r\nhello\r\n1\r\n,\r\n6\r\n world\r\n0\r\n\r\n\r\n"), OK,
     SPAN("hello, world"), "\r\n"},
    {CHUNKED, SPAN("00000005\r\nhello\r\n0\r\n\r\n"), OK, SPAN("hello"), ""},
    {CHUNKED, SPAN("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), OK,
     SPAN("01234567890123456789"), ""},
    {CHUNKED, SPAN("8\r\n0\r\n\r\n\r\n\0\r\n0\r\n\r\n"), OK, SPAN("0\r\n\r\n\r\n\0"), ""},
    {CHUNKED, SPAN("1e\r\n" TEN("abc") "\r\n0\r\n\r\n"), OK, SPAN(TEN("abc")), ""},
    /* sizes */
    {CHUNKED, SPAN("\r\n"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("\n"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN(";x\r\n"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN(" 5\r\nhello"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("5 \r\nhello"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("5\t;x\r\nhello"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("+5\r\nhello"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("-5\r\nhello"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("0x5\r\nhello"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("5h\r\nhello"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("g\r\n"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("@\r\n"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("5\nhello\n0\n\n"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("5\0\r\nhello"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("000000005\r\nhello"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("100000005\r\nhello"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("fffffffffffffffb\r\n"), ERROR_HTTP_CHUNK_SIZE, SPAN(""), NULL},
    {CHUNKED, SPAN("5\r\nhello\r\n\r\n"), ERROR_HTTP_CHUNK_SIZE, SPAN("hello"), NULL},
    {CHUNKED, SPAN("ffffffff\r\n"), ERROR_TOO_LARGE, SPAN(""), NULL},
    {CHUNKED, SPAN("1f\r\n"), ERROR_TOO_LARGE, SPAN(""), NULL},
    {CHUNKED, SPAN("1f;x\r\n"), ERROR_TOO_LARGE, SPAN(""), NULL},
    {CHUNKED, SPAN("5\r\nhello\r\n1a\r\n"), ERROR_TOO_LARGE, SPAN("hello"), NULL},
    /* line ends */
    {CHUNKED, SPAN("5\rhello"), ERROR_HTTP_CHUNK, SPAN(""), NULL},
    {CHUNKED, SPAN("5\r\r\nhello"), ERROR_HTTP_CHUNK, SPAN(""), NULL},
    {CHUNKED, SPAN("5\r\nhello\n0\r\n\r\n"), ERROR_HTTP_CHUNK, SPAN("hello"), NULL},
    {CHUNKED, SPAN("5\r\nhello\r0\r\n\r\n"), ERROR_HTTP_CHUNK, SPAN("hello"), NULL},
    {CHUNKED, SPAN("5\r\nhello0\r\n\r\n"), ERROR_HTTP_CHUNK, SPAN("hello"), NULL},
    {CHUNKED, SPAN("5\r\nhello!\r\n0\r\n\r\n"), ERROR_HTTP_CHUNK, SPAN("hello"), NULL},
    {CHUNKED, SPAN("0\r\n\n"), ERROR_HTTP_TRAILER, SPAN(""), NULL},
    {CHUNKED, SPAN("0\r\n\r\r\n"), ERROR_HTTP_TRAILER, SPAN(""), NULL},
    /* extensions */
    {CHUNKED, SPAN("5;\r\nhello\r\n0;last\r\n\r\n"), OK, SPAN("hello"), ""},
    {CHUNKED, SPAN("5;a=b; c=\"\t\xff ;\"\r\nhello\r\n0\r\n\r\n"), OK, SPAN("hello"), ""},
    {CHUNKED, SPAN("5;" HUNDRED("ab") TEN("abcde") "123456\r\nhello\r\n0\r\n\r\n"), OK,
     SPAN("hello"), ""},
    {CHUNKED, SPAN("5;" HUNDRED("ab") TEN("abcde") "1234567\r\n"), ERROR_HTTP_CHUNK_EXTENSION,
     SPAN(""), NULL},
    {CHUNKED, SPAN("5;a\nhello\r\n"), ERROR_HTTP_CHUNK, SPAN(""), NULL},
    {CHUNKED, SPAN("5;a\rb\r\nhello\r\n"), ERROR_HTTP_CHUNK, SPAN(""), NULL},
    {CHUNKED, SPAN("5;a\0\r\nhello\r\n"), ERROR_HTTP_CHUNK, SPAN(""), NULL},
    /* trailers */
    {CHUNKED, SPAN("0\r\nA: b\r\nContent-Length:\r\nC:\t\xff\r\n\r\nGET"), OK, SPAN(""), "GET"},
    {CHUNKED,
     SPAN("0\r\n" HUNDRED("A: 2345678901234567890123456789012345678\r\n") "B: 890123\r\n"
                                                                          "\r\n"),
     ERROR_HTTP_TRAILERS, SPAN(""), NULL},
    {CHUNKED, SPAN("0\r\n" HUNDRED("A: 23456789012345678901234567890123456\r\n") "\r\n"), OK,
     SPAN(""), ""},
    {CHUNKED, SPAN("0\r\nA\r\n\r\n"), ERROR_HTTP_TRAILER, SPAN(""), NULL},
    {CHUNKED, SPAN("0\r\n: b\r\n\r\n"), ERROR_HTTP_TRAILER, SPAN(""), NULL},
    {CHUNKED, SPAN("0\r\nA : b\r\n\r\n"), ERROR_HTTP_TRAILER, SPAN(""), NULL},
    {CHUNKED, SPAN("0\r\nA: b\n\r\n"), ERROR_HTTP_TRAILER, SPAN(""), NULL},
    {CHUNKED, SPAN("0\r\nA: b\rB: c\r\n\r\n"), ERROR_HTTP_TRAILER, SPAN(""), NULL},
    {CHUNKED, SPAN("0\r\nA: b\r\n c\r\n\r\n"), ERROR_HTTP_TRAILER, SPAN(""), NULL},
    {CHUNKED, SPAN("0\r\nA: \0\r\n\r\n"), ERROR_HTTP_TRAILER, SPAN(""), NULL},
};

enum { ROWS = sizeof rows / sizeof *rows };

static struct http_body body_of(const struct row *row)
{
    struct http_request request = {.body = HTTP_BODY_SIZED, .body_size = row->size};
    if (row->size == CHUNKED)
        request.body = HTTP_BODY_CHUNKED;
    if (row->size == NONE)
        request.body = HTTP_BODY_NONE;
    struct http_body body;
    http_body_init(&body, &request);
    return body;
}

/* Feeds the row's bytes, the first `first` at once and then `step` at a time, each piece in memory
 * of exactly its size, and compares what comes of it with the row. */
static void check_fed(size_t i, size_t first, size_t step)
{
    const struct row *row = &rows[i];
    struct http_body body = body_of(row);
    struct buf out;
    buf_init(&out, LIMIT);
    size_t at = 0, used = 0, n = first;
    enum error error = OK;
    do {
        n = n < row->bytes.n - at ? n : row->bytes.n - at;
        char *piece = malloc(n ? n : 1);
        assert_non_null(piece);
        memcpy(piece, row->bytes.p + at, n);
        error = http_body_feed(&body, (struct span){piece, n}, &used, &out);
        free(piece);
        at += used;
        n = step;
    } while (!error && !http_body_done(&body) && at < row->bytes.n);
    if (error != row->error || http_body_done(&body) != !row->error)
        fail_msg("row %zu, %zu bytes and then %zu: %s", i, first, step, error_name(error));
    assert_spans(buf_span(&out), row->data);
    if (!error)
        assert_spans(((struct span){row->bytes.p + at, row->bytes.n - at}), span_from(row->after));
    buf_fini(&out);
}

static void every_body_is_decoded_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        check_fed(i, SIZE_MAX, 1);
}

static void a_body_means_the_same_wherever_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t first = 0; first < rows[i].bytes.n; first++)
            check_fed(i, first, SIZE_MAX);
}

static void a_body_means_the_same_in_small_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t step = 1; step < 8; step++)
            check_fed(i, step, step);
}

static void a_body_is_not_done_before_its_last_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].error)
            continue;
        struct http_body body = body_of(&rows[i]);
        struct buf out;
        buf_init(&out, LIMIT);
        size_t n = rows[i].bytes.n - strlen(rows[i].after), used;
        for (size_t at = 0; at < n; at++) {
            assert_false(http_body_done(&body));
            assert_ok(http_body_feed(&body, (struct span){rows[i].bytes.p + at, 1}, &used, &out));
            assert_int_equal(used, 1);
        }
        assert_true(http_body_done(&body));
        assert_ok(http_body_feed(&body, SPAN("more"), &used, &out));
        assert_int_equal(used, 0);
        buf_fini(&out);
    }
}

static void a_sized_body_over_the_limit_is_refused_before_it_comes(void **state)
{
    (void)state;
    struct http_body body = body_of(&(struct row){.size = LIMIT + 1});
    struct buf out;
    size_t used;
    buf_init(&out, LIMIT);
    assert_error(http_body_feed(&body, SPAN(""), &used, &out), ERROR_TOO_LARGE);
    assert_null(out.data);
}

static void memory_grows_only_by_what_has_come(void **state)
{
    (void)state;
    struct http_body body = body_of(&(struct row){.size = 1 << 20});
    struct buf out;
    size_t used;
    buf_init(&out, 1 << 20);
    assert_ok(http_body_feed(&body, SPAN("a little"), &used, &out));
    assert_true(out.cap < 1024);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_body_is_decoded_as_the_table_says),
        cmocka_unit_test(a_body_means_the_same_wherever_it_is_cut),
        cmocka_unit_test(a_body_means_the_same_in_small_pieces),
        cmocka_unit_test(a_body_is_not_done_before_its_last_byte),
        cmocka_unit_test(a_sized_body_over_the_limit_is_refused_before_it_comes),
        cmocka_unit_test(memory_grows_only_by_what_has_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
