/* client/answer: what hubs, proxies and strangers answer, and what it means. */
#include "unit.h"

#include "client/answer.h"

#define PUBLISHED "{\"status\":\"published\",\"id\":\"1-0\",\"channel\":\"a\"}"
#define PROBLEM   "application/problem+json"

static const struct {
    long status;
    const char *type, *body;
    uint32_t count;
    enum answer_verdict verdict;
    uint64_t line;
    const char *said; /* the id, or what the reason ends in */
} rows[] = {
    {200, "application/json", PUBLISHED, 1, ANSWER_PUBLISHED, 0, "1-0"},
    {200, "application/json", "{\"status\":\"published\",\"count\":3,\"last_id\":\"2-7\"}", 3,
     ANSWER_PUBLISHED, 0, "2-7"},
    /* no hub, or none that we know */
    {200, "application/json", "{\"status\":\"published\",\"count\":2,\"last_id\":\"2-7\"}", 3,
     ANSWER_REFUSED, 0, "is its URL right?"},
    {200, "application/json", PUBLISHED, 2, ANSWER_REFUSED, 0, "is its URL right?"},
    {200, "application/json", "{\"status\":\"ok\",\"id\":\"1-0\"}", 1, ANSWER_REFUSED, 0,
     "is its URL right?"},
    {200, "text/html", PUBLISHED, 1, ANSWER_REFUSED, 0, "is its URL right?"},
    {200, NULL, "", 1, ANSWER_REFUSED, 0, "is its URL right?"},
    {204, NULL, "", 1, ANSWER_REFUSED, 0, "answers 204, but not as a hub does; is its URL right?"},
    /* refused */
    {400, PROBLEM, "{\"detail\":\"line 12: bad\"}", 20, ANSWER_REFUSED, 12, "answers 400: bad"},
    {400, PROBLEM, "{\"detail\":\"line x: bad\"}", 20, ANSWER_REFUSED, 0, "400: line x: bad"},
    {413, PROBLEM, "{\"detail\":\"line 2: large\"}", 2, ANSWER_REFUSED, 2, "answers 413: large"},
    {422, PROBLEM, "{\"detail\":\"used\"}", 1, ANSWER_REFUSED, 0, "answers 422: used"},
    {401, "text/html", "<p>no", 1, ANSWER_REFUSED, 0, "h:1 answers 401"},
    {301, NULL, "", 1, ANSWER_REFUSED, 0, "h:1 answers 301"},
    {413, "text/html", "", 9, ANSWER_TOO_LARGE, 0, "h:1 answers 413"},
    /* later */
    {408, PROBLEM, "{\"detail\":\"slow\"}", 1, ANSWER_AGAIN, 0, "408: slow"},
    {425, NULL, "", 1, ANSWER_AGAIN, 0, "answers 425"},
    {429, NULL, "", 1, ANSWER_AGAIN, 0, "answers 429"},
    {503, "text/plain", "away\nfor long", 1, ANSWER_AGAIN, 0, "answers 503: away"},
    {500, NULL, "", 1, ANSWER_UNSURE, 0, "answers 500"},
    {502, NULL, "", 1, ANSWER_UNSURE, 0, "answers 502"},
    {504, NULL, "", 1, ANSWER_UNSURE, 0, "answers 504"},
};

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static void an_answer_has_one_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer;
        answer_read(&answer, SPAN("h:1"), rows[i].status, rows[i].type, span_from(rows[i].body),
                    rows[i].count);
        print_message("%ld %s\n", rows[i].status, rows[i].body);
        assert_int_equal(answer.verdict, rows[i].verdict);
        assert_int_equal(answer.line, rows[i].line);
        if (rows[i].verdict == ANSWER_PUBLISHED)
            assert_string_equal(answer.id, rows[i].said);
        else
            assert_true(ends_in(answer.why, rows[i].said));
    }
}

static void a_hub_without_room_for_keys_is_known_by_its_words(void **state)
{
    (void)state;
    struct answer answer;
    char body[400];
    snprintf(body, sizeof body, "{\"detail\":\"%s\"}", error_text(ERROR_KEYS_MANY));
    answer_read(&answer, SPAN("h:1"), 503, PROBLEM, span_from(body), 9);
    assert_int_equal(answer.verdict, ANSWER_KEYS_MANY);
    answer_read(&answer, SPAN("h:1"), 502, PROBLEM, span_from(body), 9);
    assert_int_equal(answer.verdict, ANSWER_UNSURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_has_one_meaning),
        cmocka_unit_test(a_hub_without_room_for_keys_is_known_by_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
