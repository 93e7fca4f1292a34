/* client/problem and client/media: what refusals say. */
#include "unit.h"

#include "client/media.h"
#include "client/problem.h"

static void assert_says(const char *type, const char *body, const char *expected)
{
    struct buf out;
    buf_init(&out, 100);
    problem_read(type, span_from(body), &out);
    assert_spans(buf_span(&out), span_from(expected));
    buf_fini(&out);
}

static void a_problem_says_its_detail_or_else_its_title(void **state)
{
    (void)state;
    const char *type = "application/problem+json; charset=utf-8";
    assert_says(type, "{\"title\":\"T\",\"detail\":\"D\\u00e9\"}", "D\xc3\xa9");
    assert_says(type, "{\"title\":\"T\",\"detail\":1}", "T");
    assert_says("Application/JSON", "{\"title\":\"T\"}", "T");
    assert_says(type, "{\"other\":1}", "");
    assert_says(type, "[]", "");
    assert_says(type, "{\"detail\":\"D\"", "");
    assert_says(type, "", "");
}

static void other_types_say_their_first_line_of_text_or_nothing(void **state)
{
    (void)state;
    assert_says("text/plain", "no\nmore", "no");
    assert_says("text/plain", "", "");
    assert_says("text/html", "<p>no", "");
    assert_says(NULL, "no", "");
}

static void too_long_a_text_is_none(void **state)
{
    (void)state;
    char body[200] = "";
    memset(body, 'x', sizeof body - 1);
    assert_says("text/plain", body, "");
}

static void a_type_is_compared_without_case_and_parameters(void **state)
{
    (void)state;
    struct span type = SPAN("text/event-stream");
    assert_true(media_is("text/event-stream", type));
    assert_true(media_is(" Text/Event-Stream ;charset=x", type));
    assert_false(media_is("text/event-streams", type));
    assert_false(media_is("text/plain; text/event-stream", type));
    assert_false(media_is("", type));
    assert_false(media_is(NULL, type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_problem_says_its_detail_or_else_its_title),
        cmocka_unit_test(other_types_say_their_first_line_of_text_or_nothing),
        cmocka_unit_test(too_long_a_text_is_none),
        cmocka_unit_test(a_type_is_compared_without_case_and_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
