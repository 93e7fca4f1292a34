/* json/scan: what is JSON and what is not, members, depth, decoding. Cutting is cut_test.c. */
#include "unit.h"

#include "texts.h"
#include "json/scan.h"

/* The bytes are copied, so that a look beyond them is seen by a sanitizer. */
static enum error scan(struct span text, enum json_kind *kind, size_t *at)
{
    char *copy = malloc(text.n ? text.n : 1);
    if (text.n)
        memcpy(copy, text.p, text.n);
    enum error error = json_scan((struct span){copy, text.n}, kind, NULL, NULL, at);
    free(copy);
    return error;
}

static void every_text_of_rfc_8259_is_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < JSON_ACCEPTED; i++) {
        struct span text = json_accepted[i].text;
        enum json_kind kind;
        size_t at;
        enum error error = scan(text, &kind, &at);
        if (error)
            fail_msg("%.*s: %s at %zu", (int)text.n, text.p, error_name(error), at);
        assert_int_equal(kind, json_accepted[i].kind);
    }
}

static void every_other_text_is_refused_at_the_byte_that_cannot_stand_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < JSON_REFUSED; i++) {
        const struct json_refusal *row = &json_refused[i];
        size_t at = SIZE_MAX;
        enum error error = scan(row->text, NULL, &at);
        if (error != row->error || at != row->at)
            fail_msg("%.*s: %s at %zu, not %s at %zu", (int)row->text.n, row->text.p,
                     error_name(error), at, error_name(row->error), row->at);
    }
}

static void a_refusal_says_nothing_of_the_kind(void **state)
{
    (void)state;
    enum json_kind kind = JSON_KIND_NULL;
    assert_error(json_scan(SPAN("{\"a\""), &kind, NULL, NULL, NULL), ERROR_JSON_SYNTAX);
    assert_int_equal(kind, JSON_KIND_NULL);
}

static void a_text_of_no_bytes_may_be_nowhere(void **state)
{
    (void)state;
    size_t at = 1;
    assert_error(json_scan((struct span){NULL, 0}, NULL, NULL, NULL, &at), ERROR_JSON_SYNTAX);
    assert_int_equal(at, 0);
}

static bool all_space(struct span text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!strchr(" \t\r\n", text.p[i]))
            return false;
    return true;
}

static void a_text_cut_at_any_byte_is_refused_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < JSON_ACCEPTED; i++) {
        struct span text = json_accepted[i].text;
        for (size_t cut = 0; cut < text.n; cut++) {
            size_t at = SIZE_MAX;
            enum error error = scan((struct span){text.p, cut}, NULL, &at);
            bool whole = all_space((struct span){text.p + cut, text.n - cut});
            if (!error && (whole || json_accepted[i].kind == JSON_KIND_NUMBER))
                continue;
            bool there = error == ERROR_JSON_SYNTAX && at == cut;
            bool in_a_letter = error == ERROR_UTF8 && at < cut && cut - at < 4;
            if (whole || !(there || in_a_letter))
                fail_msg("%.*s cut at %zu: %s at %zu", (int)text.n, text.p, cut, error_name(error),
                         at);
        }
    }
}

static void a_control_character_within_a_string_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    char text[42];
    for (size_t at = 1; at < 40; at++)
        for (int c = 0; c < 256; c++) {
            memset(text, 'x', sizeof text);
            text[0] = text[41] = '"';
            text[at] = (char)c;
            size_t found = SIZE_MAX;
            enum error error = scan((struct span){text, sizeof text}, NULL, &found);
            enum error expected = c < 0x20 || c == '"' || c == '\\' ? ERROR_JSON_SYNTAX
                                  : c >= 0x80                       ? ERROR_UTF8
                                                                    : OK;
            assert_error(error, expected);
            if (error)
                assert_int_equal(found, c == '"' || c == '\\' ? at + 1 : at);
        }
}

static size_t nest(char *out, size_t depth, const char *open, const char *close)
{
    size_t n = 0;
    for (size_t i = 0; i < depth; i++)
        n += (size_t)sprintf(out + n, "%s", open);
    n += (size_t)sprintf(out + n, "1");
    for (size_t i = 0; i < depth; i++)
        n += (size_t)sprintf(out + n, "%s", close);
    return n;
}

static void depth_64_is_accepted_and_65_refused(void **state)
{
    (void)state;
    static const char *const opens[] = {"[", "{\"a\":", "[[],{\"b\":"};
    static const char *const closes[] = {"]", "}", "}]"};
    static const size_t levels[] = {1, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        char text[2000];
        size_t n = nest(text, JSON_DEPTH_MAX / levels[i], opens[i], closes[i]), at;
        assert_ok(scan((struct span){text, n}, NULL, &at));
        n = nest(text, JSON_DEPTH_MAX / levels[i] + 1, opens[i], closes[i]);
        assert_error(scan((struct span){text, n}, NULL, &at), ERROR_JSON_DEPTH);
        assert_int_equal(at, JSON_DEPTH_MAX / levels[i] * strlen(opens[i]));
    }
}

static void siblings_do_not_add_to_the_depth(void **state)
{
    (void)state;
    char text[4000] = "[";
    size_t n = 1;
    while (n < 3900)
        n += (size_t)sprintf(text + n, "[],{},[[]],");
    n += (size_t)sprintf(text + n, "1]");
    assert_ok(scan((struct span){text, n}, NULL, NULL));
}

struct seen {
    struct json_member members[8];
    size_t count;
    size_t refuse;
};

static enum error see(void *context, const struct json_member *member)
{
    struct seen *seen = context;
    assert_true(seen->count < 8);
    seen->members[seen->count++] = *member;
    return seen->count == seen->refuse ? ERROR_TOO_LARGE : OK;
}

static void top_level_members_are_told_in_order(void **state)
{
    (void)state;
    struct seen seen = {.count = 0};
    assert_ok(
        json_scan(SPAN(" { \"a\" : 1.50 , \"\\u0062\":\"x\\ny\",\"c\":{\"d\":[1, 2]} ,\"\":[ ],"
                       "\"a\":true,\"f\":false,\"n\": null}"),
                  NULL, see, &seen, NULL));
    static const struct {
        const char *name;
        const char *value;
        enum json_kind kind;
    } expected[] = {
        {"a", "1.50", JSON_KIND_NUMBER},
        {"\\u0062", "\"x\\ny\"", JSON_KIND_STRING},
        {"c", "{\"d\":[1, 2]}", JSON_KIND_OBJECT},
        {"", "[ ]", JSON_KIND_ARRAY},
        {"a", "true", JSON_KIND_TRUE},
        {"f", "false", JSON_KIND_FALSE},
        {"n", "null", JSON_KIND_NULL},
    };
    assert_int_equal(seen.count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_spans(seen.members[i].name, span_from(expected[i].name));
        assert_spans(seen.members[i].value, span_from(expected[i].value));
        assert_int_equal(seen.members[i].kind, expected[i].kind);
    }
}

static void only_a_top_level_object_has_members(void **state)
{
    (void)state;
    struct seen seen = {.count = 0};
    assert_ok(json_scan(SPAN("[{\"a\":1},{\"b\":{\"c\":2}}]"), NULL, see, &seen, NULL));
    assert_ok(json_scan(SPAN("\"{}\""), NULL, see, &seen, NULL));
    assert_ok(json_scan(SPAN("{}"), NULL, see, &seen, NULL));
    assert_int_equal(seen.count, 0);
}

static void an_error_of_the_caller_ends_the_scan(void **state)
{
    (void)state;
    struct seen seen = {.refuse = 2};
    size_t at;
    assert_error(json_scan(SPAN("{\"a\":1, \"b\":2,\"c\" no"), NULL, see, &seen, &at),
                 ERROR_TOO_LARGE);
    assert_int_equal(at, 8);
    assert_int_equal(seen.count, 2);
}

static const struct {
    struct span raw;
    struct span plain;
} strings[] = {
    {SPAN(""), SPAN("")},
    {SPAN("abc"), SPAN("abc")},
    {SPAN("\\\"\\\\\\/\\b\\f\\n\\r\\t"), SPAN("\"\\/\b\f\n\r\t")},
    {SPAN("\\u0041\\u00e9\\u20aC\\uFFFF"), SPAN("A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf")},
    {SPAN("\\uD83C\\udf0a"), SPAN("\xf0\x9f\x8c\x8a")},
    {SPAN("\\ud800\\udc00\\udbff\\udfff"), SPAN("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
    {SPAN("a\\u0000b"), SPAN("a\0b")},
    {SPAN("\\\\u0041"), SPAN("\\u0041")},
    {SPAN("\xe2\x82\xac\\n\xc3\xa9"), SPAN("\xe2\x82\xac\n\xc3\xa9")},
    {SPAN("\\u005fevent"), SPAN("_event")},
};

static void escapes_decode_to_what_they_stand_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        struct buf out;
        buf_init(&out, 100);
        assert_ok(buf_append(&out, "<", 1));
        assert_ok(json_string_decode(strings[i].raw, &out));
        assert_spans(((struct span){out.data + 1, out.len - 1}), strings[i].plain);
        buf_fini(&out);
    }
}

static void a_string_is_what_it_decodes_to_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        for (size_t j = 0; j < sizeof strings / sizeof *strings; j++)
            assert_int_equal(json_string_is(strings[i].raw, strings[j].plain), i == j);
    assert_false(json_string_is(SPAN("_even"), SPAN("_event")));
    assert_false(json_string_is(SPAN("_events"), SPAN("_event")));
    assert_false(json_string_is(SPAN("_event\\u0000"), SPAN("_event")));
    assert_false(json_string_is(SPAN("_Event"), SPAN("_event")));
    assert_true(json_string_is(SPAN(""), (struct span){NULL, 0}));
    assert_false(json_string_is(SPAN("a"), (struct span){NULL, 0}));
}

static void a_string_needs_room_only_for_what_it_decodes_to(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 5);
    assert_ok(buf_append(&out, "<", 1));
    assert_error(json_string_decode(SPAN("abcd\\u0041"), &out), ERROR_TOO_LARGE);
    assert_span(buf_span(&out), "<");
    assert_ok(json_string_decode(SPAN("a\\u0062\\u0063d"), &out));
    assert_span(buf_span(&out), "<abcd");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_of_rfc_8259_is_accepted),
        cmocka_unit_test(every_other_text_is_refused_at_the_byte_that_cannot_stand_there),
        cmocka_unit_test(a_refusal_says_nothing_of_the_kind),
        cmocka_unit_test(a_text_of_no_bytes_may_be_nowhere),
        cmocka_unit_test(a_text_cut_at_any_byte_is_refused_there),
        cmocka_unit_test(a_control_character_within_a_string_is_refused_wherever_it_stands),
        cmocka_unit_test(depth_64_is_accepted_and_65_refused),
        cmocka_unit_test(siblings_do_not_add_to_the_depth),
        cmocka_unit_test(top_level_members_are_told_in_order),
        cmocka_unit_test(only_a_top_level_object_has_members),
        cmocka_unit_test(an_error_of_the_caller_ends_the_scan),
        cmocka_unit_test(escapes_decode_to_what_they_stand_for),
        cmocka_unit_test(a_string_is_what_it_decodes_to_and_nothing_else),
        cmocka_unit_test(a_string_needs_room_only_for_what_it_decodes_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
