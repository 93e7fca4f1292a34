/* json_cut_string: the member goes, the rest stays as it was. */
#include "unit.h"

#include "json/scan.h"

/* value is NULL where nothing is cut. */
static const struct {
    const char *text;
    const char *left;
    const char *value;
} cuts[] = {
    {"{\"_event\":\"x\"}", "{}", "x"},
    {"{\"_event\":\"x\",\"a\":1}", "{\"a\":1}", "x"},
    {"{\"a\":1,\"_event\":\"x\"}", "{\"a\":1}", "x"},
    {"{\"a\":1,\"_event\":\"x\",\"b\":2}", "{\"a\":1,\"b\":2}", "x"},
    {" { \"_event\" : \"x\" } ", " {  } ", "x"},
    {"{ \"_event\" : \"x\" , \"a\" : 1 }", "{  \"a\" : 1 }", "x"},
    {"{ \"a\" : 1 , \"_event\" : \"x\" }", "{ \"a\" : 1  }", "x"},
    {"{\n  \"a\": 1,\n  \"_event\": \"x\",\n  \"b\": 2\n}\n", "{\n  \"a\": 1,\n  \"b\": 2\n}\n",
     "x"},
    {"{\"a\":\",\",\"_event\":\"\",\"b\":\",\"}", "{\"a\":\",\",\"b\":\",\"}", ""},

    {"{\"\\u005fevent\":\"x\",\"a\":1}", "{\"a\":1}", "x"},
    {"{\"\\u005f\\u0065vent\":\"\\u0078\\n\\ud83c\\udf0a\"}", "{}", "x\n\xf0\x9f\x8c\x8a"},

    {"{\"a\":1}", "{\"a\":1}", NULL},
    {"{}", "{}", NULL},
    {"[\"_event\",\"x\"]", "[\"_event\",\"x\"]", NULL},
    {"\"_event\"", "\"_event\"", NULL},
    {"[{\"_event\":\"x\"}]", "[{\"_event\":\"x\"}]", NULL},
    {"{\"a\":{\"_event\":\"x\"}}", "{\"a\":{\"_event\":\"x\"}}", NULL},
    {"{\"_event\":1}", "{\"_event\":1}", NULL},
    {"{\"_event\":null,\"_event\":[\"x\"]}", "{\"_event\":null,\"_event\":[\"x\"]}", NULL},
    {"{\"_event\":{},\"_event\":\"x\",\"_event\":2}", "{\"_event\":{},\"_event\":2}", "x"},
    {"{\"_Event\":\"x\",\"_event \":\"x\",\"event\":\"x\"}",
     "{\"_Event\":\"x\",\"_event \":\"x\",\"event\":\"x\"}", NULL},
    {"{\"a\":1.50e+3,\"a\":1.50e+3,\"_event\":\"x\",\"b\":\"\\u0041\"}",
     "{\"a\":1.50e+3,\"a\":1.50e+3,\"b\":\"\\u0041\"}", "x"},
};

static void the_member_and_its_comma_go_and_the_rest_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        size_t n = strlen(cuts[i].text);
        char *text = malloc(n);
        memcpy(text, cuts[i].text, n);
        struct buf value;
        bool found;
        buf_init(&value, 100);
        assert_ok(json_cut_string(text, &n, SPAN("_event"), &value, &found, NULL));
        assert_spans(((struct span){text, n}), span_from(cuts[i].left));
        assert_int_equal(found, cuts[i].value != NULL);
        assert_spans(buf_span(&value), span_from(found ? cuts[i].value : ""));
        assert_ok(json_scan((struct span){text, n}, NULL, NULL, NULL, NULL));
        buf_fini(&value);
        free(text);
    }
}

static void assert_refused(const char *text, size_t max, enum error expected, size_t expected_at)
{
    char copy[100];
    size_t n = strlen(text), at = SIZE_MAX;
    memcpy(copy, text, n);
    struct buf value;
    bool found = true;
    buf_init(&value, max);
    assert_ok(buf_append(&value, "<", 1));
    assert_error(json_cut_string(copy, &n, SPAN("_event"), &value, &found, &at), expected);
    assert_spans(((struct span){copy, n}), span_from(text));
    assert_span(buf_span(&value), "<");
    assert_false(found);
    assert_int_equal(at, expected_at);
    buf_fini(&value);
}

static void two_strings_of_the_name_are_refused(void **state)
{
    (void)state;
    assert_refused("{\"_event\":\"x\",\"_event\":\"x\"}", 9, ERROR_JSON_TWICE, 14);
    assert_refused("{\"_event\":\"x\",\"a\":1,\"_\\u0065vent\":\"y\"}", 9, ERROR_JSON_TWICE, 20);
}

static void on_an_error_text_and_value_stay(void **state)
{
    (void)state;
    assert_refused("{\"_event\":\"x\"", 9, ERROR_JSON_SYNTAX, 13);
    assert_refused("{\"_event\":\"x\",\"a\":\"\xff\"}", 9, ERROR_UTF8, 19);
    assert_refused("{\"_event\":\"too\\nlong\"}", 8, ERROR_TOO_LARGE, SIZE_MAX);
}

static void any_member_is_cut_from_any_place(void **state)
{
    (void)state;
    static const char *const members[] = {"\"a\":[{\"x\":\"\"}]", "\"x\" : \"\\\"\"", "\"b\":\",\"",
                                          "\"\":{\"x\":\"x\"}", "\"c\":-0.50"};
    static const char *const spaces[] = {"", " ", "\r\n\t"};
    uint64_t random = unit_seed();
    for (int round = 0; round < 10000; round++) {
        char text[200] = "{", without[200] = "{";
        size_t count = 1 + unit_random_below(&random, 5), cut = unit_random_below(&random, count);
        for (size_t i = 0; i < count; i++) {
            size_t which = unit_random_below(&random, 4);
            const char *member = i == cut ? members[1] : members[which >= 1 ? which + 1 : 0];
            if (i)
                strcat(text, ",");
            if (i != cut && without[1])
                strcat(without, ",");
            if (i != cut)
                strcat(without, member);
            strcat(text, spaces[unit_random_below(&random, 3)]);
            strcat(text, member);
            strcat(text, spaces[unit_random_below(&random, 3)]);
        }
        strcat(text, "}");
        strcat(without, "}");
        struct buf value;
        size_t n = strlen(text);
        bool found;
        buf_init(&value, 10);
        assert_ok(json_cut_string(text, &n, SPAN("x"), &value, &found, NULL));
        assert_true(found);
        assert_span(buf_span(&value), "\"");
        assert_ok(json_scan((struct span){text, n}, NULL, NULL, NULL, NULL));
        size_t kept = 0;
        for (size_t i = 0; i < n; i++)
            if (!strchr(" \r\n\t", text[i]))
                text[kept++] = text[i];
        assert_spans(((struct span){text, kept}), span_from(without));
        buf_fini(&value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_member_and_its_comma_go_and_the_rest_stays),
        cmocka_unit_test(two_strings_of_the_name_are_refused),
        cmocka_unit_test(on_an_error_text_and_value_stay),
        cmocka_unit_test(any_member_is_cut_from_any_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
