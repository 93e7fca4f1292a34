/* Templates, and the requests made of them. */
#include "unit.h"

#include "bench/template.h"

static const struct template_values values = {
    .number = 7, .channel = {"a b/7", 5}, .data = {"x \"&=+%\xc3\xa4", 9}, .token = {"t", 1}};

static void every_place_gets_its_value(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum template_escape escape;
        const char *wanted;
    } table[] = {
        {"", TEMPLATE_PLAIN, ""},
        {"none", TEMPLATE_PLAIN, "none"},
        {"{n}", TEMPLATE_PLAIN, "7"},
        {"{n}{n}", TEMPLATE_PLAIN, "77"},
        {"-{n}-{channel}-", TEMPLATE_PLAIN, "-7-a b/7-"},
        {"/s?id={channel}", TEMPLATE_URL, "/s?id=a%20b%2F7"},
        {"topic={channel}&data={data}", TEMPLATE_FORM,
         "topic=a+b%2F7&data=x+%22%26%3D%2B%25%C3%A4"},
        {"Bearer {token}", TEMPLATE_PLAIN, "Bearer t"},
        {"{\"data\":\"{channel}\"}", TEMPLATE_PLAIN, "{\"data\":\"a b/7\"}"},
        {"{}{ n }{n{n}}{", TEMPLATE_PLAIN, "{}{ n }{n7}{"},
        {"{\"a\":{\"b\":{n}}}", TEMPLATE_PLAIN, "{\"a\":{\"b\":7}}"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct buf out;
        buf_init(&out, 1000);
        assert_ok(template_write(&out, table[i].text, &values, table[i].escape));
        assert_spans(buf_span(&out), span_from(table[i].wanted));
        assert_null(template_check(span_from(table[i].text)));
        buf_fini(&out);
    }
}

static void what_is_not_there_is_left_out(void **state)
{
    (void)state;
    struct buf out;
    struct template_values none = {0};
    buf_init(&out, 100);
    assert_ok(template_write(&out, "a{token}b{data}c", &none, TEMPLATE_URL));
    assert_span(buf_span(&out), "abc");
    buf_fini(&out);
}

static void a_place_that_does_not_exist_is_told(void **state)
{
    (void)state;
    assert_non_null(template_check(SPAN("/sub/{chanel}")));
    assert_non_null(template_check(SPAN("{N}")));
    assert_null(template_check(SPAN("{chan")));
    assert_null(template_check(SPAN("{\"chanel\"}")));
}

static void a_buffer_that_is_too_small_is_told(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 8);
    assert_error(template_write(&out, "{channel}{channel}", &values, TEMPLATE_PLAIN),
                 ERROR_TOO_LARGE);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_gets_its_value),
        cmocka_unit_test(what_is_not_there_is_left_out),
        cmocka_unit_test(a_place_that_does_not_exist_is_told),
        cmocka_unit_test(a_buffer_that_is_too_small_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
