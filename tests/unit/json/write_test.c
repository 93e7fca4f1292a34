/* json/write: strings, escaped as little as JSON allows, and read back by our own scanner. */
#include "unit.h"

#include "json/scan.h"
#include "json/write.h"

static const struct {
    struct span text;
    const char *written;
} rows[] = {
    {SPAN(""), ""},
    {SPAN("plain ~!'/<>&"), "plain ~!'/<>&"},
    {SPAN("\"\\"), "\\\"\\\\"},
    {SPAN("a\"b"), "a\\\"b"},
    {SPAN("\b\f\n\r\t"), "\\b\\f\\n\\r\\t"},
    {SPAN("\0\1\x0b\x1f\x20\x7f"), "\\u0000\\u0001\\u000b\\u001f \x7f"},
    {SPAN("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x80\xa8"),
     "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x80\xa8"},
};

static void only_what_must_be_is_escaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char quoted[100];
        struct buf out;
        buf_init(&out, 100);
        assert_ok(json_write_escaped(rows[i].text, &out));
        assert_spans(buf_span(&out), span_from(rows[i].written));
        out.len = 0;
        sprintf(quoted, "\"%s\"", rows[i].written);
        assert_ok(json_write_string(rows[i].text, &out));
        assert_spans(buf_span(&out), span_from(quoted));
        buf_fini(&out);
    }
}

static void every_byte_comes_back(void **state)
{
    (void)state;
    for (int byte = 0; byte < 0x80; byte++) {
        char text[3] = {'x', (char)byte, 'y'};
        struct buf out, back;
        enum json_kind kind;
        buf_init(&out, 100);
        buf_init(&back, 100);
        assert_ok(json_write_string((struct span){text, 3}, &out));
        assert_ok(json_scan(buf_span(&out), &kind, NULL, NULL, NULL));
        assert_int_equal(kind, JSON_KIND_STRING);
        assert_ok(json_string_decode((struct span){out.data + 1, out.len - 2}, &back));
        assert_spans(buf_span(&back), ((struct span){text, 3}));
        buf_fini(&out);
        buf_fini(&back);
    }
}

static void it_is_all_or_nothing(void **state)
{
    (void)state;
    struct span text = SPAN("a\"\x01z"); /* ten bytes when it is written */
    for (size_t max = 1; max <= 12; max++) {
        struct buf out;
        buf_init(&out, max);
        assert_ok(buf_append(&out, "<", 1));
        assert_error(json_write_escaped(text, &out), max < 11 ? ERROR_TOO_LARGE : OK);
        assert_int_equal(out.len, max < 11 ? 1 : 11);
        out.len = 1;
        assert_error(json_write_string(text, &out), ERROR_TOO_LARGE);
        assert_int_equal(out.len, 1);
        buf_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_must_be_is_escaped),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(it_is_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
