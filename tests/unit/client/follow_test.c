/* client/follow: the table of rules over real sockets, what each answer means, position, waits. */
#include "unit.h"

#include "script.h"

#include "../sse/render.h"
#include "../sse/rules.h"

#define STREAM "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
#define OVER   "HTTP/1.1 204 No Content\r\n\r\n"

/* What a follower told: its stream as in rules.h, the bytes, and what else there was. */
struct told {
    struct follow *follow;
    struct buf stream, bytes;
    unsigned opened, lost;
    uint64_t wait; /* of the last loss */
    bool reached;
    char why[200];
    unsigned stop_at; /* stops at the so manieth event, or loss; 0: never */
    unsigned stop_at_loss;
    unsigned events;
};

static struct script script;
static struct told told;
static struct follow_options options;

static void on_event(void *context, const struct sse_event *event)
{
    (void)context;
    render_event(&told.stream, event);
    if (++told.events == told.stop_at)
        follow_stop(told.follow);
}

static void on_position(void *context, struct span id)
{
    (void)context;
    render_position(&told.stream, id);
}

static void on_retry(void *context, uint64_t ms)
{
    (void)context;
    render_retry(&told.stream, ms);
}

static void on_comment(void *context, struct span text)
{
    (void)context;
    render_comment(&told.stream, text);
}

static void on_bytes(void *context, struct span bytes)
{
    (void)context;
    assert_ok(buf_append(&told.bytes, bytes.p, bytes.n));
}

static void on_opened(void *context)
{
    (void)context;
    told.opened++;
}

static void on_lost(void *context, const char *why, uint64_t wait_ms, bool reached)
{
    (void)context;
    told.wait = wait_ms;
    told.reached = reached;
    snprintf(told.why, sizeof told.why, "%s", why);
    if (++told.lost == told.stop_at_loss)
        follow_stop(told.follow);
}

static const struct follow_handler handler = {
    .stream = {on_event, on_position, on_retry, on_comment},
    .bytes = on_bytes,
    .opened = on_opened,
    .lost = on_lost,
};

static int set_up(void **state)
{
    (void)state;
    script_open(&script);
    options = (struct follow_options){.url = script.url, .max_event = 1000};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    script_close(&script);
    follow_free(told.follow);
    buf_fini(&told.stream);
    buf_fini(&told.bytes);
    told = (struct told){0};
    return 0;
}

/* Follows the answers to the end. */
static enum follow_end run(const struct span *answers, size_t count)
{
    script_answers(&script, answers, count);
    follow_free(told.follow);
    buf_fini(&told.stream);
    buf_fini(&told.bytes);
    told = (struct told){.stop_at = told.stop_at, .stop_at_loss = told.stop_at_loss};
    buf_init(&told.stream, 1 << 20);
    buf_init(&told.bytes, 1 << 20);
    told.follow = follow_new(&options, &handler, NULL);
    script_run(&script, told.follow);
    return follow_end(told.follow);
}

static enum follow_end run_one(const char *answer)
{
    struct span span = span_from(answer);
    return run(&span, 1);
}

#define RUN(...)                            \
    run((const struct span[]){__VA_ARGS__}, \
        sizeof((const struct span[]){__VA_ARGS__}) / sizeof(struct span))

static bool requested(const char *line)
{
    return memmem(buf_span(&script.requests).p, script.requests.len, line, strlen(line));
}

/* ---- the table ---- */

/* The rule's bytes in two chunks; 0: each byte in its own. */
static void assert_rule(const struct sse_rule *rule, size_t cut)
{
    struct buf answer;
    buf_init(&answer, 1 << 16);
    script_write_stream(&answer, rule->input, cut);
    struct span span = buf_span(&answer);
    if (run(&span, 1) != FOLLOW_DONE)
        fail_msg("%s, cut at %zu: %s", rule->name, cut, follow_why(told.follow));
    if (!span_equal(buf_span(&told.stream), span_from(rule->told)))
        fail_msg("%s, cut at %zu: told \"%.*s\", not \"%s\"", rule->name, cut, (int)told.stream.len,
                 buf_span(&told.stream).p, rule->told);
    assert_spans(buf_span(&told.bytes), rule->input);
    buf_fini(&answer);
}

static void every_rule_holds_over_a_socket_wherever_it_is_cut(void **state)
{
    (void)state;
    options.once = true;
    for (size_t i = 0; i < SSE_RULES; i++)
        for (size_t cut = 0; cut <= sse_rules[i].input.n; cut++)
            assert_rule(&sse_rules[i], cut);
}

static void every_rule_holds_behind_another_stream(void **state)
{
    (void)state;
    told.stop_at_loss = 2; /* some rules set a long retry */
    for (size_t i = 0; i < SSE_RULES; i++) {
        struct buf answer;
        buf_init(&answer, 1 << 16);
        assert_ok(buf_append(&answer, STREAM, sizeof STREAM - 1));
        assert_ok(buf_append(&answer, sse_rules[i].input.p, sse_rules[i].input.n));
        struct span first =
            SPAN(STREAM "retry: 0\ndata: a\n\nid: 7\ndata: cut off with its id\nda");
        assert_int_equal(RUN(first, buf_span(&answer)), FOLLOW_STOPPED);
        struct span rest = buf_span(&told.stream);
        assert_span(span_cut(&rest, '\n'), "retry 0");
        assert_span(span_cut(&rest, '\n'), "event message id= data=a");
        assert_spans(rest, span_from(sse_rules[i].told));
        buf_fini(&answer);
    }
}

/* ---- the position ---- */

static void the_position_is_sent_once_there_is_one(void **state)
{
    (void)state;
    RUN(SPAN(STREAM "retry: 0\ndata: a\n\n"), SPAN(OVER));
    assert_false(requested("Last-Event-ID"));
    RUN(SPAN(STREAM "retry: 0\nid: 1\ndata: a\n\nid: 2\nda"), SPAN(OVER));
    assert_true(requested("\r\nLast-Event-ID: 1\r\n"));
    assert_span(follow_position(told.follow), "1");
    RUN(SPAN(STREAM "retry: 0\nid: \xe2\x82\xac\n\n"), SPAN(OVER));
    assert_true(requested("\r\nLast-Event-ID: \xe2\x82\xac\r\n"));
    RUN(SPAN(STREAM "retry: 0\nid: 1\n\nid: 2\0\ndata: a\n\n"), SPAN(OVER));
    assert_true(requested("\r\nLast-Event-ID: 1\r\n"));
}

static void a_position_is_kept_over_streams_that_say_nothing_of_it(void **state)
{
    (void)state;
    options.position = SPAN("x");
    RUN(SPAN(STREAM "retry: 0\ndata: a\n\n"), SPAN(STREAM "data: b\n\n"), SPAN(OVER));
    assert_span(buf_span(&told.stream),
                "retry 0\nevent message id=x data=a\nevent message id=x data=b\n");
    assert_span(follow_position(told.follow), "x");
    RUN(SPAN(STREAM "retry: 0\nid\ndata: a\n\n"), SPAN(OVER));
    assert_span(follow_position(told.follow), "");
    struct span heads = buf_span(&script.requests);
    const char *second = memmem(heads.p, heads.n, "\r\n\r\nGET", 7);
    assert_non_null(second);
    assert_null(memmem(second, (size_t)(heads.p + heads.n - second), "Last-Event-ID", 13));
}

/* ---- answers ---- */

static void a_204_is_the_end(void **state)
{
    (void)state;
    assert_int_equal(run_one(OVER), FOLLOW_OVER);
    assert_int_equal(told.opened + told.lost, 0);
    assert_non_null(strstr(follow_why(told.follow), "204"));
}

static void a_type_decides_whether_it_is_a_stream(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool is;
    } types[] = {
        {"Content-Type: text/event-stream\r\n", true},
        {"content-type:TEXT/Event-Stream;charset=utf-8\r\n", true},
        {"Content-Type: text/event-stream ; x=y\r\n", true},
        {"Content-Type: text/event-stream-x\r\n", false},
        {"Content-Type: text/html\r\n", false},
        {"Content-Type: \r\n", false},
        {"", false},
    };
    options.once = true;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char answer[200];
        snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\n%s\r\ndata: a\n\n", types[i].line);
        assert_int_equal(run_one(answer), types[i].is ? FOLLOW_DONE : FOLLOW_FAILED);
        assert_int_equal(told.events, types[i].is);
        assert_int_equal(told.opened, types[i].is);
    }
}

static void a_refusal_is_final_or_tried_again_by_its_status(void **state)
{
    (void)state;
    static const int final[] = {201, 205, 300, 302, 304, 400, 401, 403, 404, 405, 410, 418, 431},
                     again[] = {408, 425, 429, 500, 501, 502, 503, 504, 599};
    char answer[300];
    told.stop_at_loss = 1;
    for (size_t i = 0; i < sizeof final / sizeof *final; i++) {
        snprintf(answer, sizeof answer,
                 "HTTP/1.1 %d X\r\nContent-Type: application/problem+json\r\nContent-Length: 17\r\n"
                 "\r\n{\"detail\":\"this\"}",
                 final[i]);
        assert_int_equal(run_one(answer), FOLLOW_FAILED);
        assert_int_equal(told.lost, 0);
        snprintf(answer, sizeof answer, "%s answers %d%s", script.url + 7, final[i],
                 final[i] == 304 ? "" : ": this"); /* a 304 has no body */
        memmove(strchr(answer, '/'), strchr(answer, '/') + 2, strlen(strchr(answer, '/') + 1));
        assert_string_equal(follow_why(told.follow), answer);
    }
    for (size_t i = 0; i < sizeof again / sizeof *again; i++) {
        snprintf(answer, sizeof answer, "HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n", again[i]);
        assert_int_equal(run_one(answer), FOLLOW_STOPPED);
        assert_int_equal(told.lost, 1);
        assert_in_range(told.wait, 1000, 2000);
        assert_false(told.reached);
    }
}

static void retry_after_is_the_least_wait(void **state)
{
    (void)state;
    char answer[200], date[64];
    time_t then = time(NULL) + 5000;
    told.stop_at_loss = 1;
    run_one("HTTP/1.1 503 X\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(told.wait, 120000);
    run_one("HTTP/1.1 429 X\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
    assert_in_range(told.wait, 1000, 2000);
    run_one("HTTP/1.1 429 X\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n");
    assert_in_range(told.wait, 1000, 2000);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&then));
    snprintf(answer, sizeof answer,
             "HTTP/1.1 503 X\r\nRetry-After: %s\r\nContent-Length: 0\r\n\r\n", date);
    run_one(answer);
    assert_in_range(told.wait, 4000000, 5000000);
}

static void redirects_are_followed_and_asked_anew_each_time(void **state)
{
    (void)state;
    static const char *const redirects[] = {
        "HTTP/1.1 301 X\r\nLocation: /b?c\r\nContent-Length: 5\r\n\r\nmoved",
        "HTTP/1.1 302 X\r\nLocation: /b?c\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 303 X\r\nLocation: /b?c\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 307 X\r\nLocation: /b?c\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 308 X\r\nLocation: /b?c\r\nContent-Length: 0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof redirects / sizeof *redirects; i++) {
        RUN(span_from(redirects[i]), SPAN(STREAM "retry: 0\nid: 1\ndata: a\n\n"), SPAN(OVER));
        assert_span(buf_span(&told.stream), "retry 0\nevent message id=1 data=a\n");
        assert_true(requested("GET /b?c HTTP/1.1\r\n"));
        struct span heads = buf_span(&script.requests);
        const char *second = memmem(heads.p, heads.n, "GET /b?c", 8);
        assert_non_null(memmem(second, (size_t)(heads.p + heads.n - second), "GET /a ", 7));
        assert_int_equal(follow_end(told.follow), FOLLOW_OVER);
    }
}

static void a_circle_and_another_scheme_are_final(void **state)
{
    (void)state;
    struct span circle[30];
    for (size_t i = 0; i < 30; i++)
        circle[i] = SPAN("HTTP/1.1 302 X\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(run(circle, 30), FOLLOW_FAILED);
    assert_int_equal(script.next, 21);
    assert_int_equal(run_one("HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\n\r\n"),
                     FOLLOW_FAILED);
    assert_int_equal(run_one("this is no HTTP\r\n\r\n"), FOLLOW_FAILED);
}

static void an_interim_answer_is_not_the_answer(void **state)
{
    (void)state;
    options.once = true;
    assert_int_equal(run_one("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" STREAM "data: a\n\n"),
                     FOLLOW_DONE);
    assert_int_equal(told.events, 1);
    assert_int_equal(told.opened, 1);
}

/* ---- being lost ---- */

static void a_stream_that_brought_something_is_asked_for_after_its_retry(void **state)
{
    (void)state;
    told.stop_at_loss = 1;
    run_one(STREAM "retry: 7\ndata: a\n\n");
    assert_int_equal(told.wait, 7);
    assert_string_equal(told.why, "the stream ended");
    assert_true(told.reached);
    run_one(STREAM "retry: 0\nid: a\n\n");
    assert_int_equal(told.wait, 0);
    run_one(STREAM "retry: 99999999999999999999999\ndata: a\n\n");
    assert_true(told.wait > UINT64_C(1) << 60);
}

static void a_stream_that_brought_nothing_is_a_failure(void **state)
{
    (void)state;
    static const char *const streams[] = {
        STREAM "retry: 0\n\n",
        STREAM "retry: 0\nevent: freshet.busy\ndata: {}\n\n",
    };
    told.stop_at_loss = 8;
    for (size_t i = 0; i < 2; i++) {
        struct span answers[8];
        uint64_t most = 0;
        for (size_t j = 0; j < 8; j++)
            answers[j] = span_from(streams[i]);
        for (int rounds = 0; rounds < 20 && most <= 100; rounds++) { /* the bound is 100 at first */
            told.stop_at_loss = 1 + (unsigned)rounds % 4;
            run(answers, 8);
            most = told.wait > most ? told.wait : most;
        }
        assert_in_range(most, 101, 800);
    }
}

static void a_cut_connection_a_silent_one_and_none_are_told(void **state)
{
    (void)state;
    told.stop_at_loss = 1;
    run_one(SCRIPT_CHUNKED "9\r\ndata: a\n\n\r\n5\r\nda");
    assert_non_null(strstr(told.why, "the connection broke: "));
    assert_int_equal(told.events, 1);

    options.silence_ms = 20;
    run(NULL, 0);
    assert_string_equal(told.why, "nothing came for 0.02 s");

    options.url = "http://127.0.0.1:1/";
    options.silence_ms = 0;
    run(NULL, 0);
    assert_string_equal(told.why, "cannot reach 127.0.0.1:1: Connection refused");
    assert_in_range(told.wait, 1000, 2000);
    options.once = true;
    assert_int_equal(run(NULL, 0), FOLLOW_FAILED);
}

/* ---- the rest of the contract ---- */

static void headers_are_sent_and_win_over_our_own(void **state)
{
    (void)state;
    static const char *const headers[] = {"X-One:  1", "X-Empty:", "accept: a/b"};
    run_one(OVER);
    assert_true(requested("\r\nAccept: text/event-stream\r\n"));
    assert_true(requested("\r\nCache-Control: no-store\r\n"));
    assert_true(requested("\r\nAccept-Encoding: identity\r\n"));
    assert_true(requested("\r\nUser-Agent: freshet/"));
    options.headers = headers;
    options.headers_count = 3;
    run_one(OVER);
    assert_true(requested("\r\nX-One: 1\r\n"));
    assert_true(requested("\r\nX-Empty:\r\n"));
    assert_true(requested("\r\naccept: a/b\r\n"));
    assert_false(requested("\r\nAccept: "));
}

static void whoever_stops_at_an_event_has_seen_no_byte_behind_it(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n", "\r\n"};
    for (size_t i = 0; i < 2; i++) {
        char body[100], answer[300];
        snprintf(body, sizeof body, "data: a%s%sdata: b%s%s", ends[i], ends[i], ends[i], ends[i]);
        snprintf(answer, sizeof answer, STREAM "%sdata: c%s%s", body, ends[i], ends[i]);
        told.stop_at = 2;
        assert_int_equal(run_one(answer), FOLLOW_STOPPED);
        assert_spans(buf_span(&told.bytes), span_from(body));
        assert_int_equal(told.events, 2);
    }
}

static void an_event_over_the_maximum_is_final(void **state)
{
    (void)state;
    char answer[3000] = STREAM "data: ";
    memset(answer + strlen(answer), 'x', 1001);
    strcat(answer, "\n\n");
    assert_int_equal(run_one(answer), FOLLOW_FAILED);
    assert_string_equal(follow_why(told.follow), "an event is larger than 1000 bytes");
}

int main(void)
{
#define FOLLOW_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        FOLLOW_TEST(every_rule_holds_over_a_socket_wherever_it_is_cut),
        FOLLOW_TEST(every_rule_holds_behind_another_stream),
        FOLLOW_TEST(the_position_is_sent_once_there_is_one),
        FOLLOW_TEST(a_position_is_kept_over_streams_that_say_nothing_of_it),
        FOLLOW_TEST(a_204_is_the_end),
        FOLLOW_TEST(a_type_decides_whether_it_is_a_stream),
        FOLLOW_TEST(a_refusal_is_final_or_tried_again_by_its_status),
        FOLLOW_TEST(retry_after_is_the_least_wait),
        FOLLOW_TEST(redirects_are_followed_and_asked_anew_each_time),
        FOLLOW_TEST(a_circle_and_another_scheme_are_final),
        FOLLOW_TEST(an_interim_answer_is_not_the_answer),
        FOLLOW_TEST(a_stream_that_brought_something_is_asked_for_after_its_retry),
        FOLLOW_TEST(a_stream_that_brought_nothing_is_a_failure),
        FOLLOW_TEST(a_cut_connection_a_silent_one_and_none_are_told),
        FOLLOW_TEST(headers_are_sent_and_win_over_our_own),
        FOLLOW_TEST(whoever_stops_at_an_event_has_seen_no_byte_behind_it),
        FOLLOW_TEST(an_event_over_the_maximum_is_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
