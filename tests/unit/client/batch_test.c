/* client/batch: lines as the body of one request: escaped, keyed, split, and nothing of data
 * changed. */
#include "unit.h"

#include "client/batch.h"
#include "json/scan.h"

struct fixture {
    struct batch batch;
    struct batch_format format;
    size_t at;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.format = {.key = "K", .numbered = true}};
    batch_init(&fixture.batch, 64 << 20);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    batch_fini(&fixture->batch);
    return 0;
}

static enum error add(struct fixture *fixture, struct span text, uint64_t number)
{
    return batch_add(&fixture->batch, &fixture->format, text, number, number * 10, &fixture->at);
}

#define assert_body(fixture, text) assert_span(buf_span(&(fixture)->batch.body), text)

static void text_is_escaped_and_keyed_by_its_number(void **state)
{
    struct fixture *fixture = *state;
    assert_ok(add(fixture, SPAN("plain"), 1));
    assert_ok(add(fixture, SPAN(""), 2));
    assert_ok(add(fixture, SPAN("\"\\\0\t\xc3\xa4 "), 1234567890123));
    assert_body(fixture, "{\"idempotency_key\":\"K-1\",\"data\":\"plain\"}\n"
                         "{\"idempotency_key\":\"K-2\",\"data\":\"\"}\n"
                         "{\"idempotency_key\":\"K-1234567890123\",\"data\":"
                         "\"\\\"\\\\\\u0000\\t\xc3\xa4 \"}\n");
    assert_int_equal(fixture->batch.count, 3);
    assert_true(fixture->batch.keyed);
    assert_false(fixture->batch.alone);
    assert_int_equal(fixture->batch.lines[1].number, 2);
    assert_int_equal(fixture->batch.lines[1].read, 20);
    assert_int_equal(fixture->batch.lines[2].end, fixture->batch.body.len);
    batch_clear(&fixture->batch);
    assert_body(fixture, "");
    assert_int_equal(fixture->batch.count, 0);
}

static void a_key_may_hold_what_json_escapes(void **state)
{
    struct fixture *fixture = *state;
    snprintf(fixture->format.key, sizeof fixture->format.key, "a\"\\,}");
    assert_ok(add(fixture, SPAN("x"), 1));
    fixture->format.numbered = false;
    assert_ok(add(fixture, SPAN("y"), 2));
    assert_body(fixture, "{\"idempotency_key\":\"a\\\"\\\\,}-1\",\"data\":\"x\"}\n"
                         "{\"idempotency_key\":\"a\\\"\\\\,}\",\"data\":\"y\"}\n");
    fixture->format.key[0] = '\0';
    assert_true(fixture->batch.keyed);
    assert_ok(add(fixture, SPAN("z"), 3));
    assert_false(fixture->batch.keyed);
}

static void a_wrong_line_leaves_the_batch_as_it_was(void **state)
{
    static const struct {
        enum batch_kind kind;
        struct span text;
        enum error error;
        size_t at;
    } rows[] = {
        {BATCH_TEXT, SPAN("ab\xff"), ERROR_UTF8, 2},
        {BATCH_TEXT, SPAN("12345678\xc3"), ERROR_UTF8, 8},
        {BATCH_JSON, SPAN("{\"a\":}"), ERROR_JSON_SYNTAX, 5},
        {BATCH_JSON, SPAN("  {\"a\":}"), ERROR_JSON_SYNTAX, 7},
        {BATCH_JSON, SPAN(""), ERROR_JSON_SYNTAX, 0},
        {BATCH_JSON, SPAN("1,\"data\":2"), ERROR_JSON_SYNTAX, 1},
        {BATCH_JSON, SPAN("1}"), ERROR_JSON_SYNTAX, 1},
        {BATCH_JSON, SPAN("\"a\xff\""), ERROR_UTF8, 2},
        {BATCH_JSON, SPAN("\"a\" \"b\""), ERROR_JSON_SYNTAX, 4},
        {BATCH_JSON, SPAN("{\"_event\":\"a\",\"_event\":\"b\"}"), ERROR_JSON_TWICE, 14},
        {BATCH_LINES, SPAN("{\"data\":1"), ERROR_JSON_SYNTAX, 9},
        {BATCH_LINES, SPAN("[1]"), ERROR_NDJSON_OBJECT, 0},
        {BATCH_LINES, SPAN(" { } "), ERROR_NDJSON_OBJECT, 1},
        {BATCH_LINES, SPAN(""), ERROR_JSON_SYNTAX, 0},
    };
    struct fixture *fixture = *state;
    assert_ok(add(fixture, SPAN("first"), 1));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fixture->format.kind = rows[i].kind;
        assert_error(add(fixture, rows[i].text, 2), rows[i].error);
        assert_int_equal(fixture->at, rows[i].at);
        assert_body(fixture, "{\"idempotency_key\":\"K-1\",\"data\":\"first\"}\n");
        assert_int_equal(fixture->batch.count, 1);
    }
}

static void json_stays_as_it_is_and_names_its_type(void **state)
{
    struct fixture *fixture = *state;
    fixture->format.kind = BATCH_JSON;
    fixture->format.key[0] = '\0';
    assert_ok(add(fixture, SPAN("\t{ \"a\" : 1.000e+0 } "), 1));
    assert_ok(add(fixture, SPAN("12345678901234567890.0"), 2));
    assert_ok(add(fixture, SPAN("{\"a\":1, \"_event\":\"k\\u0022\",\"b\":2}"), 3));
    assert_ok(add(fixture, SPAN("{\"_event\":7}"), 4));
    assert_body(fixture, "{\"data\":{ \"a\" : 1.000e+0 }}\n"
                         "{\"data\":12345678901234567890.0}\n"
                         "{\"data\":{\"a\":1,\"b\":2},\"event\":\"k\\\"\"}\n"
                         "{\"data\":{\"_event\":7}}\n");
    batch_clear(&fixture->batch);
    fixture->format.typed = true;
    assert_ok(add(fixture, SPAN("{\"a\":1, \"_event\":\"k\"}"), 3));
    assert_body(fixture, "{\"data\":{\"a\":1}}\n");
}

static void what_cannot_stand_in_a_line_goes_alone(void **state)
{
    struct fixture *fixture = *state;
    fixture->format.kind = BATCH_JSON;
    static const char *const alone[] = {"\"text\"", "{\n\"a\":1}"};
    for (size_t i = 0; i < 2; i++) {
        batch_clear(&fixture->batch);
        assert_ok(add(fixture, SPAN("1"), 1));
        assert_error(add(fixture, span_from(alone[i]), 2), ERROR_TOO_LARGE);
        assert_int_equal(fixture->batch.count, 1);
        batch_clear(&fixture->batch);
        assert_ok(add(fixture, span_from(alone[i]), 2));
        assert_true(fixture->batch.alone && fixture->batch.json && fixture->batch.keyed);
        assert_string_equal(fixture->batch.key, "K-2");
        assert_spans(buf_span(&fixture->batch.body), span_from(alone[i]));
        assert_true(batch_is_full(&fixture->batch));
        assert_error(add(fixture, SPAN("3"), 3), ERROR_TOO_LARGE);
    }
    batch_forget_keys(&fixture->batch, &fixture->format);
    assert_string_equal(fixture->batch.key, "");
    assert_false(fixture->batch.keyed);
    fixture->format.numbered = false;
    batch_clear(&fixture->batch);
    assert_ok(add(fixture, SPAN("\"text\""), 1));
    assert_string_equal(fixture->batch.key, "K");
}

static void lines_keep_their_own_key_and_get_one_where_they_have_none(void **state)
{
    struct fixture *fixture = *state;
    fixture->format.kind = BATCH_LINES;
    assert_ok(add(fixture, SPAN(" { \"data\" : 1.0 } "), 1));
    assert_ok(add(fixture, SPAN("{\"data\":1,\"idempotency_key\":\"own\"}"), 2));
    assert_ok(add(fixture, SPAN("{\"idempotency\\u005fkey\":\"own\",\"data\":1}"), 3));
    assert_ok(add(fixture, SPAN("{\"data\":{\"idempotency_key\":\"inner\"}}"), 4));
    assert_ok(add(fixture, SPAN("{\"idempotency_key\" : null , \"data\":1}"), 5));
    assert_body(fixture, "{\"idempotency_key\":\"K-1\", \"data\" : 1.0 }\n"
                         "{\"data\":1,\"idempotency_key\":\"own\"}\n"
                         "{\"idempotency\\u005fkey\":\"own\",\"data\":1}\n"
                         "{\"idempotency_key\":\"K-4\",\"data\":{\"idempotency_key\":\"inner\"}}\n"
                         "{\"idempotency_key\" : \"K-5\" , \"data\":1}\n");
    assert_true(fixture->batch.keyed);
    batch_clear(&fixture->batch);
    fixture->format.key[0] = '\0';
    assert_ok(add(fixture, SPAN("{\"data\":1,\"idempotency_key\":\"own\"}"), 2));
    assert_true(fixture->batch.keyed);
    assert_ok(add(fixture, SPAN("{\"data\":1,\"idempotency_key\":null}"), 2));
    assert_false(fixture->batch.keyed);
    assert_body(fixture, "{\"data\":1,\"idempotency_key\":\"own\"}\n"
                         "{\"data\":1,\"idempotency_key\":null}\n");
}

static void keys_given_are_taken_back_and_no_others(void **state)
{
    struct fixture *fixture = *state;
    fixture->format.kind = BATCH_LINES;
    snprintf(fixture->format.key, sizeof fixture->format.key, "a,b");
    assert_ok(add(fixture, SPAN("{\"data\":1}"), 1));
    assert_ok(add(fixture, SPAN("{\"idempotency_key\":\"a,b-1\",\"data\":1}"), 2));
    assert_ok(add(fixture, SPAN("{\"data\":3}"), 33));
    size_t length = fixture->batch.body.len;
    for (int twice = 0; twice < 2; twice++) {
        batch_forget_keys(&fixture->batch, &fixture->format);
        assert_body(fixture, "{                          \"data\":1}\n"
                             "{\"idempotency_key\":\"a,b-1\",\"data\":1}\n"
                             "{                           \"data\":3}\n");
    }
    assert_int_equal(fixture->batch.body.len, length);
    assert_false(fixture->batch.keyed);
}

static void a_batch_is_full_by_lines_or_bytes_but_takes_one_line_of_any_size(void **state)
{
    struct fixture *fixture = *state;
    size_t large = BATCH_BYTES_MAX + 1;
    char *text = malloc(4 * large);
    memset(text, 'x', 4 * large);
    for (int i = 1; i <= BATCH_LINES_MAX; i++)
        assert_ok(add(fixture, SPAN("x"), (uint64_t)i));
    assert_true(batch_is_full(&fixture->batch));
    assert_error(add(fixture, SPAN("x"), 0), ERROR_TOO_LARGE);
    batch_clear(&fixture->batch);
    assert_ok(add(fixture, SPAN("x"), 1));
    assert_error(add(fixture, (struct span){text, large}, 2), ERROR_TOO_LARGE);
    assert_int_equal(fixture->batch.count, 1);
    assert_false(batch_is_full(&fixture->batch));
    batch_clear(&fixture->batch);
    assert_ok(add(fixture, (struct span){text, large}, 2));
    assert_false(fixture->batch.alone);
    assert_true(batch_is_full(&fixture->batch));
    batch_clear(&fixture->batch);
    assert_ok(
        add(fixture, (struct span){text, 4 * large}, 2)); /* the body of a batch could burst */
    assert_true(fixture->batch.alone);
    assert_false(fixture->batch.json);
    assert_int_equal(fixture->batch.body.len, 4 * large);
    free(text);
    struct batch small;
    batch_init(&small, 100);
    assert_error(batch_add(&small, &fixture->format,
                           (struct span){"0123456789012345678901234567890"
                                         "123456789012345678901234567890"
                                         "123456789012345678901234567890",
                                         91},
                           1, 1, &fixture->at),
                 ERROR_TOO_LARGE);
    assert_int_equal(small.count, 0);
    batch_fini(&small);
}

/* Whatever a text holds, the scanner reads it back out of its line. */
static enum error take_data(void *context, const struct json_member *member)
{
    if (span_equal(member->name, SPAN("data")))
        *(struct span *)context = member->value;
    return OK;
}

static void any_text_comes_back(void **state)
{
    struct fixture *fixture = *state;
    uint64_t seed = unit_seed();
    for (int round = 0; round < 20000; round++) {
        static const char *const pieces[] = {
            "\"",   "\\",   "a",           "long plain text", "\xc3\xa4", "\xf0\x9f\x98\x80",
            "\x01", "\x7f", "\xe2\x80\xa8"};
        char text[200] = "";
        for (size_t i = unit_random_below(&seed, 10); i; i--)
            strcat(text, pieces[unit_random_below(&seed, sizeof pieces / sizeof *pieces)]);
        batch_clear(&fixture->batch);
        assert_ok(add(fixture, span_from(text), 7));
        struct span data = {0};
        struct buf out;
        buf_init(&out, 400);
        assert_ok(json_scan(buf_span(&fixture->batch.body), NULL, take_data, &data, NULL));
        assert_ok(json_string_decode((struct span){data.p + 1, data.n - 2}, &out));
        assert_spans(buf_span(&out), span_from(text));
        buf_fini(&out);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_is_escaped_and_keyed_by_its_number),
        TEST(a_key_may_hold_what_json_escapes),
        TEST(a_wrong_line_leaves_the_batch_as_it_was),
        TEST(json_stays_as_it_is_and_names_its_type),
        TEST(what_cannot_stand_in_a_line_goes_alone),
        TEST(lines_keep_their_own_key_and_get_one_where_they_have_none),
        TEST(keys_given_are_taken_back_and_no_others),
        TEST(a_batch_is_full_by_lines_or_bytes_but_takes_one_line_of_any_size),
        TEST(any_text_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
