/* base/visible: what a terminal would obey is shown. */
#include "unit.h"

#include "base/visible.h"

#define assert_shown(text, how, expected)                  \
    do {                                                   \
        struct buf out;                                    \
        buf_init(&out, 1000);                              \
        assert_ok(visible_write(SPAN(text), (how), &out)); \
        assert_span(buf_span(&out), expected);             \
        buf_fini(&out);                                    \
    } while (0)

static void text_stays_as_it_is(void **state)
{
    (void)state;
    for (int how = VISIBLE_LINE; how <= VISIBLE_JSON; how++) {
        assert_shown("", (enum visible)how, "");
        assert_shown("a \xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8a \xc2\xa0", (enum visible)how,
                     "a \xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8a \xc2\xa0");
    }
}

static void controls_are_shown(void **state)
{
    (void)state;
    assert_shown("\033[2J\0\x7f\r\x1f", VISIBLE_LINE, "^[[2J^@^?^M^_");
    assert_shown("a\tb\nc", VISIBLE_LINE, "a^Ib^Jc");
    assert_shown("a\tb\nc\r", VISIBLE_LINES, "a\tb\nc^M");
    assert_shown("\xc2\x80\xc2\x9b\xc2\x9f", VISIBLE_LINE, "<U+0080><U+009B><U+009F>");
    assert_shown("\xe2\x80\xae"
                 "a\xe2\x81\xa9",
                 VISIBLE_LINES, "<U+202E>a<U+2069>");
    assert_shown("\xff\xc2", VISIBLE_LINES, "<FF><C2>");
}

static void json_means_the_same(void **state)
{
    (void)state;
    assert_shown("{\"a\":\t\"\\n\x7f\xc2\x9b\xe2\x80\xae\"}", VISIBLE_JSON,
                 "{\"a\":\t\"\\n\\u007f\\u009b\\u202e\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stays_as_it_is),
        cmocka_unit_test(controls_are_shown),
        cmocka_unit_test(json_means_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
