/* server/ndjson: lines of JSON become lines for the log, or an error and its line. */
#include "unit.h"

#include "base/hash.h"
#include "server/ndjson.h"

enum { MAX_EVENT = 64 };

static struct ndjson begin(struct span body)
{
    return (struct ndjson){.rest = body, .channel = SPAN("broadcast"), .max_event = MAX_EVENT};
}

static enum error read_all(struct ndjson *ndjson)
{
    bool done = false;
    enum error error = OK;
    while (!error && !done)
        error = ndjson_read(ndjson, &done);
    return error;
}

static void append(char *text, struct span bytes)
{
    strncat(text, bytes.p, bytes.n);
}

/* Each entry as channel, its frame with '/' for LF, '!' where it is JSON, '#' where it has a key.
 */
static const char *told(const struct ndjson *ndjson)
{
    static char text[1024];
    text[0] = '\0';
    for (uint32_t i = 0; i < ndjson->count; i++) {
        const struct line *line = &ndjson->lines[i];
        const struct event *entry = line->entry;
        append(text, event_channel(entry));
        strcat(text, "=");
        append(text, (struct span){entry->bytes + entry->body, entry->end - entry->body - 1});
        strcat(text, entry->json ? "!" : "");
        strcat(text, line->keyed ? "#" : "");
        strcat(text, ";");
    }
    for (char *c = text; *c; c++)
        *c = *c == '\n' ? '/' : *c;
    return text;
}

#define D(data) "{\"data\":" data "}"

static const struct {
    const char *body, *told;
} good[] = {
    {D("\"x\""), "broadcast=data: x/;"},
    {D("\"x\"") "\n", "broadcast=data: x/;"},
    {"\r\n \t\n" D("\"x\"") "\r\n\n", "broadcast=data: x/;"},
    {" { \"data\" : \"a\\nb\\u00e4\" } ", "broadcast=data: a/data: b\xc3\xa4/;"},
    {D("\"\""), "broadcast=data: /;"},
    {D("1.50e+400"), "broadcast=data: 1.50e+400/!;"},
    {D("{\"a\" : [ 1,\"\\u0041\" ]}"), "broadcast=data: {\"a\" : [ 1,\"\\u0041\" ]}/!;"},
    {D("null") "\n" D("true"), "broadcast=data: null/!;broadcast=data: true/!;"},
    {"{\"channel\":\"a\",\"event\":\"t\",\"data\":\"x\"}", "a=event: t/data: x/;"},
    {"{\"data\":1,\"\\u0063hannel\":\"\\u0061/b\"}", "a/b=data: 1/!;"},
    {"{\"data\":1,\"channel\":null,\"event\":null,\"idempotency_key\":null}",
     "broadcast=data: 1/!;"},
    {"{\"data\":1,\"idempotency_key\":\"k\"}", "broadcast=data: 1/!#;"},
};

static void lines_become_entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct ndjson ndjson = begin(span_from(good[i].body));
        print_message("row %zu: %s\n", i, good[i].body);
        assert_ok(read_all(&ndjson));
        assert_string_equal(told(&ndjson), good[i].told);
        ndjson_fini(&ndjson);
    }
}

static const struct {
    struct span body;
    enum error error;
    uint32_t number;
} bad[] = {
    {SPAN(""), ERROR_NDJSON_EMPTY, 0},
    {SPAN("\n \r\n"), ERROR_NDJSON_EMPTY, 2},
    {SPAN("{}"), ERROR_NDJSON_OBJECT, 1},
    {SPAN("1"), ERROR_NDJSON_OBJECT, 1},
    {SPAN("[" D("1") "]"), ERROR_NDJSON_OBJECT, 1},
    {SPAN("\"data\""), ERROR_NDJSON_OBJECT, 1},
    {SPAN("{\"event\":\"x\"}"), ERROR_NDJSON_OBJECT, 1},
    {SPAN(D("1") "\n\n" D("1") D("1")), ERROR_JSON_SYNTAX, 3},
    {SPAN(D("1") "\n" D("01")), ERROR_JSON_SYNTAX, 2},
    {SPAN("{\"data\":\n1}"), ERROR_JSON_SYNTAX, 1},
    {SPAN(D("1") "\n{\"data\":1"), ERROR_JSON_SYNTAX, 2},
    {SPAN("\0"), ERROR_JSON_SYNTAX, 1},
    {SPAN("\xef\xbb\xbf" D("1")), ERROR_JSON_SYNTAX, 1},
    {SPAN(D("\"\xff\"")), ERROR_UTF8, 1},
    {SPAN("{\"data\":1,\"data\":2}"), ERROR_NDJSON_MEMBER, 1},
    {SPAN("{\"data\":1,\"d\\u0061ta\":2}"), ERROR_NDJSON_MEMBER, 1},
    {SPAN("{\"data\":1,\"id\":2}"), ERROR_NDJSON_MEMBER, 1},
    {SPAN("{\"data\":1,\"Channel\":\"x\"}"), ERROR_NDJSON_MEMBER, 1},
    {SPAN("{\"data\":1,\"channel\":2}"), ERROR_NDJSON_STRING, 1},
    {SPAN("{\"data\":1,\"event\":{}}"), ERROR_NDJSON_STRING, 1},
    {SPAN("{\"data\":1,\"idempotency_key\":7}"), ERROR_NDJSON_STRING, 1},
    {SPAN("{\"data\":1,\"channel\":\"\"}"), ERROR_CHANNEL_NAME, 1},
    {SPAN("{\"data\":1,\"channel\":\"@me\"}"), ERROR_CHANNEL_NAME, 1},
    {SPAN("{\"data\":1,\"channel\":\"a*\"}"), ERROR_CHANNEL_NAME, 1},
    {SPAN("{\"data\":1,\"channel\":\"a\\u0000\"}"), ERROR_CHANNEL_NAME, 1},
    {SPAN("{\"data\":1,\"event\":\"\"}"), ERROR_EVENT_TYPE, 1},
    {SPAN("{\"data\":1,\"event\":\"a\\nb\"}"), ERROR_EVENT_TYPE, 1},
    {SPAN("{\"data\":1,\"event\":\"freshet.gap\"}"), ERROR_EVENT_TYPE, 1},
    {SPAN("{\"data\":1,\"idempotency_key\":\"\"}"), ERROR_KEY_SYNTAX, 1},
    {SPAN("{\"data\":1,\"idempotency_key\":\"a b\"}"), ERROR_KEY_SYNTAX, 1},
};

static void what_is_wrong_is_told_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ndjson ndjson = begin(bad[i].body);
        print_message("row %zu: %.*s\n", i, (int)bad[i].body.n, bad[i].body.p);
        assert_error(read_all(&ndjson), bad[i].error);
        assert_int_equal(ndjson.number, bad[i].number);
        ndjson_fini(&ndjson);
        assert_null(ndjson.lines);
    }
}

/* `before`, n times x, `after`. */
static enum error read_with(const char *before, size_t n, const char *after)
{
    char body[1024];
    size_t start = (size_t)sprintf(body, "%s", before);
    memset(body + start, 'x', n);
    strcpy(body + start + n, after);
    struct ndjson ndjson = begin(span_from(body));
    enum error error = read_all(&ndjson);
    ndjson_fini(&ndjson);
    return error;
}

static void lengths_have_their_limits(void **state)
{
    (void)state;
    assert_ok(read_with("{\"data\":\"", MAX_EVENT, "\"}"));
    assert_error(read_with("{\"data\":\"", MAX_EVENT + 1, "\"}"), ERROR_TOO_LARGE);
    assert_ok(read_with("{\"data\":[\"", MAX_EVENT - 4, "\"]}"));
    assert_error(read_with("{\"data\":[\"", MAX_EVENT - 3, "\"]}"), ERROR_TOO_LARGE);
    assert_ok(read_with("{\"data\":1,\"channel\":\"", 255, "\"}"));
    assert_error(read_with("{\"data\":1,\"channel\":\"", 256, "\"}"), ERROR_CHANNEL_NAME);
    assert_ok(read_with("{\"data\":1,\"event\":\"", 128, "\"}"));
    assert_error(read_with("{\"data\":1,\"event\":\"", 129, "\"}"), ERROR_EVENT_TYPE);
    assert_ok(read_with("{\"data\":1,\"idempotency_key\":\"", 128, "\"}"));
    assert_error(read_with("{\"data\":1,\"idempotency_key\":\"", 129, "\"}"), ERROR_KEY_SYNTAX);
}

static void defaults_come_from_the_request(void **state)
{
    (void)state;
    struct ndjson ndjson =
        begin(SPAN(D("1") "\n{\"data\":2,\"channel\":\"b\",\"event\":\"u\"}\n" D("3")));
    ndjson.channel = SPAN("a");
    ndjson.type = SPAN("t");
    assert_ok(read_all(&ndjson));
    assert_string_equal(told(&ndjson), "a=event: t/data: 1/!;b=event: u/data: 2/!;"
                                       "a=event: t/data: 3/!;");
    ndjson_fini(&ndjson);
}

static void what_goes_to_a_client_names_no_channel(void **state)
{
    (void)state;
    struct ndjson ndjson = begin(SPAN(D("1") "\n{\"data\":2,\"channel\":null}"));
    ndjson.channel = SPAN("@me");
    ndjson.fixed = true;
    assert_error(read_all(&ndjson), ERROR_NDJSON_CLIENT);
    assert_int_equal(ndjson.number, 2);
    assert_string_equal(told(&ndjson), "@me=data: 1/!;");
    ndjson_fini(&ndjson);
}

static void a_key_belongs_to_its_channel_and_a_body_is_type_and_data(void **state)
{
    (void)state;
    struct ndjson ndjson =
        begin(SPAN("{\"data\":\"x\",\"channel\":\"a\",\"idempotency_key\":\"k\"}\n"
                   "{\"data\":\"x\",\"channel\":\"b\",\"idempotency_key\":\"k\"}\n"
                   "{\"idempotency_key\":\"\\u006b\", \"channel\":\"a\",\"data\":\"\\u0078\"}\n"
                   "{\"data\":\"x\",\"channel\":\"a\",\"event\":\"t\",\"idempotency_key\":\"l\"}\n"
                   "{\"data\":\"[]\",\"idempotency_key\":\"m\"}\n"
                   "{\"data\":[],\"idempotency_key\":\"m\"}\n"));
    assert_ok(read_all(&ndjson));
    const struct line *lines = ndjson.lines;
    struct key_name expected = key_name(SPAN("a"), SPAN("k"));
    assert_memory_equal(&lines[0].key, &expected, sizeof expected);
    assert_memory_not_equal(&lines[0].key, &lines[1].key, sizeof expected);
    assert_memory_equal(&lines[0].key, &lines[2].key, sizeof expected);
    assert_int_equal(lines[0].body, lines[2].body);
    assert_true(lines[0].body != lines[3].body);
    assert_true(lines[4].body != lines[5].body); /* text is not JSON */
    ndjson_fini(&ndjson);
}

static struct span many(size_t lines)
{
    char *body = malloc(lines * 11);
    for (size_t i = 0; i < lines; i++)
        memcpy(body + i * 11, "{\"data\":1}\n", 11);
    return (struct span){body, lines * 11};
}

static void ten_thousand_lines_are_read_in_bounded_steps_and_one_more_is_refused(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct span body = many(NDJSON_LINES_MAX + more);
        struct ndjson ndjson = begin(body);
        enum error error = OK;
        bool done = false;
        size_t bytes = 0;
        while (!done && !error) {
            uint32_t before = ndjson.count;
            error = ndjson_read(&ndjson, &done);
            assert_in_range(ndjson.count - before, more && error ? 0 : 1, 1000);
        }
        assert_error(error, more ? ERROR_NDJSON_LINES : OK);
        assert_int_equal(ndjson.count, NDJSON_LINES_MAX);
        for (uint32_t i = 0; i < ndjson.count; i++)
            bytes += event_size(ndjson.lines[i].entry);
        assert_int_equal(ndjson.bytes, bytes);
        ndjson_fini(&ndjson);
        free((char *)body.p);
    }
}

static int make_hash(void **state)
{
    (void)state;
    hash_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_entries),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(lengths_have_their_limits),
        cmocka_unit_test(defaults_come_from_the_request),
        cmocka_unit_test(what_goes_to_a_client_names_no_channel),
        cmocka_unit_test(a_key_belongs_to_its_channel_and_a_body_is_type_and_data),
        cmocka_unit_test(ten_thousand_lines_are_read_in_bounded_steps_and_one_more_is_refused),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
