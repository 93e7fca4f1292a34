/* http/url: segments and queries, decoded. */
#include "unit.h"

#include "http/url.h"

static const struct row {
    struct span text, segment, query; /* what the text means as either; NULL where it is refused */
} rows[] = {
    {SPAN(""), SPAN(""), SPAN("")},
    {SPAN("plain"), SPAN("plain"), SPAN("plain")},
    {SPAN("a+b"), SPAN("a+b"), SPAN("a b")},
    {SPAN("a%20b"), SPAN("a b"), SPAN("a b")},
    {SPAN("a%2Bb"), SPAN("a+b"), SPAN("a+b")},
    {SPAN("%2f%2F"), SPAN("//"), SPAN("//")},
    {SPAN("%00"), SPAN("\0"), SPAN("\0")},
    {SPAN("%25"), SPAN("%"), SPAN("%")},
    {SPAN("%2525"), SPAN("%25"), SPAN("%25")},
    {SPAN("caf%C3%a9"), SPAN("caf\xc3\xa9"), SPAN("caf\xc3\xa9")},
    {SPAN("%fF%Ff"), SPAN("\xff\xff"), SPAN("\xff\xff")},
    {SPAN("a:*@~"), SPAN("a:*@~"), SPAN("a:*@~")},
    {SPAN("%41%42%43"), SPAN("ABC"), SPAN("ABC")},
    {SPAN("%"), {0}, {0}},
    {SPAN("%2"), {0}, {0}},
    {SPAN("%g0"), {0}, {0}},
    {SPAN("%0g"), {0}, {0}},
    {SPAN("%%41"), {0}, {0}},
    {SPAN("% 1"), {0}, {0}},
    {SPAN("%+1"), {0}, {0}},
    {SPAN("%0x41"), {0}, {0}},
    {SPAN("%u0041"), {0}, {0}},
    {SPAN("good%20then%"), {0}, {0}},
    {SPAN("50%"), {0}, {0}},
    {SPAN("%\xff\xff"), {0}, {0}},
    {SPAN("%\0\0"), {0}, {0}},
};

typedef enum error decoder(struct span text, struct buf *out);

static void check_decoding(decoder *decode, struct span text, struct span expected)
{
    struct buf out;
    buf_init(&out, 1 + expected.n);
    assert_ok(buf_append(&out, "<", 1));
    if (!expected.p) {
        assert_error(decode(text, &out), ERROR_URL_ESCAPE);
        assert_span(buf_span(&out), "<");
    } else {
        assert_ok(decode(text, &out));
        assert_spans(((struct span){out.data + 1, out.len - 1}), expected);
    }
    buf_fini(&out);
}

static void segments_are_decoded_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_decoding(url_decode_segment, rows[i].text, rows[i].segment);
}

static void queries_are_decoded_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_decoding(url_decode_query, rows[i].text, rows[i].query);
}

static void every_byte_comes_back_from_its_escape(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[4], expected = (char)byte;
        snprintf(text, sizeof text, "%%%02x", byte);
        check_decoding(url_decode_query, span_from(text), (struct span){&expected, 1});
    }
}

static void a_name_too_long_for_its_buffer_leaves_it_as_it_was(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 3);
    assert_ok(url_decode_segment(SPAN("%61%62"), &out));
    assert_error(url_decode_segment(SPAN("%63d"), &out), ERROR_TOO_LARGE);
    assert_ok(url_decode_segment((struct span){NULL, 0}, &out));
    assert_span(buf_span(&out), "ab");
    buf_fini(&out);
}

/* The pairs of a query as `name=value;` each. */
static void check_query(const char *query, const char *expected)
{
    struct span rest = span_from(query), name, value;
    struct buf out;
    buf_init(&out, 1000);
    while (url_query_next(&rest, &name, &value))
        assert_ok(buf_printf(&out, "%.*s=%.*s;", (int)name.n, name.p, (int)value.n, value.p));
    assert_int_equal(rest.n, 0);
    assert_false(url_query_next(&rest, &name, &value));
    assert_spans(buf_span(&out), span_from(expected));
    buf_fini(&out);
}

static void a_query_is_its_pairs_in_order(void **state)
{
    (void)state;
    check_query("", "");
    check_query("a=b", "a=b;");
    check_query("a=1&b=2&a=3", "a=1;b=2;a=3;");
    check_query("channel=a%26b&x=+", "channel=a%26b;x=+;");
}

static void empty_pairs_are_skipped_and_a_value_may_be_missing(void **state)
{
    (void)state;
    check_query("&", "");
    check_query("&&&a=b&&", "a=b;");
    check_query("a", "a=;");
    check_query("a&b=", "a=;b=;");
    check_query("=b", "=b;");
    check_query("=", "=;");
    check_query("a=b=c", "a=b=c;");
    check_query("a==", "a==;");
    check_query("a=1;b=2", "a=1;b=2;");
    check_query("a=?&b", "a=?;b=;");
}

static void no_query_has_no_pairs(void **state)
{
    (void)state;
    struct span none = {NULL, 0}, name, value;
    assert_false(url_query_next(&none, &name, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_are_decoded_as_the_table_says),
        cmocka_unit_test(queries_are_decoded_as_the_table_says),
        cmocka_unit_test(every_byte_comes_back_from_its_escape),
        cmocka_unit_test(a_name_too_long_for_its_buffer_leaves_it_as_it_was),
        cmocka_unit_test(a_query_is_its_pairs_in_order),
        cmocka_unit_test(empty_pairs_are_skipped_and_a_value_may_be_missing),
        cmocka_unit_test(no_query_has_no_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
