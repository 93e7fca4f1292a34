/* base/utf8 against RFC 3629. */
#include "unit.h"

#include "base/utf8.h"

static void every_code_point_is_written_and_read_back(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        if (code >= 0xd800 && code <= 0xdfff)
            continue;
        char out[4];
        uint32_t read = 0;
        size_t n = utf8_write(code, out);
        if (n != (code < 0x80      ? 1u
                  : code < 0x800   ? 2u
                  : code < 0x10000 ? 3u
                                   : 4u) ||
            utf8_next((struct span){out, n}, &read) != n || read != code ||
            !utf8_valid((struct span){out, n}))
            fail_msg("U+%04X does not come back", code);
    }
}

static void known_letters_have_their_known_bytes(void **state)
{
    (void)state;
    char out[4];
    assert_span(((struct span){out, utf8_write(0xe9, out)}), "\xc3\xa9");
    assert_span(((struct span){out, utf8_write(0x20ac, out)}), "\xe2\x82\xac");
    assert_span(((struct span){out, utf8_write(0x1f30a, out)}), "\xf0\x9f\x8c\x8a");
}

static const struct span refused[] = {
    {"\x80", 1},             /* a continuation alone */
    {"\xbf", 1},             /* the last of them */
    {"\xc0\x80", 2},         /* overlong NUL */
    {"\xc1\xbf", 2},         /* overlong DEL */
    {"\xe0\x80\x80", 3},     /* overlong */
    {"\xe0\x9f\xbf", 3},     /* overlong U+07FF */
    {"\xf0\x80\x80\x80", 4}, /* overlong */
    {"\xf0\x8f\xbf\xbf", 4}, /* overlong U+FFFF */
    {"\xed\xa0\x80", 3},     /* surrogate U+D800 */
    {"\xed\xbf\xbf", 3},     /* surrogate U+DFFF */
    {"\xf4\x90\x80\x80", 4}, /* U+110000 */
    {"\xf5\x80\x80\x80", 4}, /* no such lead */
    {"\xff", 1},             /* never a byte of UTF-8 */
    {"\xfe", 1},
    {"\xc3", 1},         /* cut off */
    {"\xe2\x82", 2},     /* cut off */
    {"\xf0\x9f\x8c", 3}, /* cut off */
    {"\xc3\x28", 2},     /* a letter where a continuation belongs */
    {"\xe2\x28\xac", 3},
    {"\xe2\x82\x28", 3},
    {"\xf0\x9f\x8c\xc3", 4},
};

static void what_rfc_3629_forbids_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        uint32_t code;
        if (utf8_next(refused[i], &code) != 0 || utf8_valid(refused[i]))
            fail_msg("row %zu is taken for UTF-8", i);
    }
}

static void a_bad_sequence_is_found_wherever_it_stands(void **state)
{
    (void)state;
    char text[64];
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        for (size_t at = 0; at + refused[i].n <= 40; at++) {
            memset(text, 'a', sizeof text);
            assert_true(utf8_valid((struct span){text, 40}));
            memcpy(text + at, refused[i].p, refused[i].n);
            assert_false(utf8_valid((struct span){text, 40}));
        }
}

static void letters_of_all_lengths_stand_next_to_each_other(void **state)
{
    (void)state;
    assert_true(utf8_valid(SPAN("")));
    assert_true(utf8_valid(SPAN("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a\0z")));
    assert_true(utf8_valid(SPAN("twelve ascii \xf0\x9f\x8c\x8a and eight more \xc3\xa9")));
}

static void only_the_first_code_point_is_read(void **state)
{
    (void)state;
    uint32_t code;
    assert_int_equal(utf8_next(SPAN("a\xff"), &code), 1);
    assert_int_equal(code, 'a');
    assert_int_equal(utf8_next(SPAN("\xc3\xa9\xff"), &code), 2);
    assert_int_equal(code, 0xe9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_written_and_read_back),
        cmocka_unit_test(known_letters_have_their_known_bytes),
        cmocka_unit_test(what_rfc_3629_forbids_is_refused),
        cmocka_unit_test(a_bad_sequence_is_found_wherever_it_stands),
        cmocka_unit_test(letters_of_all_lengths_stand_next_to_each_other),
        cmocka_unit_test(only_the_first_code_point_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
