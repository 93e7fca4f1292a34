/* sse/parse: the table of rules in pieces of every kind, pieces in time, limits, restarting. */
#include "unit.h"

#include "sse/parse.h"
#include "sse/render.h"
#include "sse/rules.h"

enum { MAX = 1000 };

static struct sse_parser *parser;
static struct buf told;

static int set_up(void **state)
{
    (void)state;
    buf_init(&told, 1 << 20);
    parser = sse_parser_new(&render_handler, &told, MAX);
    return parser ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    sse_parser_free(parser);
    buf_fini(&told);
    return 0;
}

static void start_again(void)
{
    tear_down(NULL);
    assert_int_equal(set_up(NULL), 0);
}

/* The bytes are copied, so that a look beyond them is seen by a sanitizer. */
static enum error feed(const char *p, size_t n)
{
    char *copy = malloc(n ? n : 1);
    if (n)
        memcpy(copy, p, n);
    enum error error = sse_parser_feed(parser, (struct span){copy, n});
    free(copy);
    return error;
}

static void assert_told(const struct sse_rule *rule, const char *pieces, size_t cut)
{
    if (!span_equal(buf_span(&told), span_from(rule->told)))
        fail_msg("%s (%s, %zu):\n%.*snot\n%s", rule->name, pieces, cut, (int)told.len, told.data,
                 rule->told);
}

static void every_rule_holds_for_bytes_in_one_piece(void **state)
{
    (void)state;
    for (size_t i = 0; i < SSE_RULES; i++) {
        start_again();
        assert_ok(feed(sse_rules[i].input.p, sse_rules[i].input.n));
        assert_told(&sse_rules[i], "whole", 0);
    }
}

static void every_rule_holds_wherever_the_bytes_are_cut_in_two(void **state)
{
    (void)state;
    for (size_t i = 0; i < SSE_RULES; i++)
        for (size_t cut = 0; cut <= sse_rules[i].input.n; cut++) {
            start_again();
            assert_ok(feed(sse_rules[i].input.p, cut));
            assert_ok(feed(sse_rules[i].input.p + cut, sse_rules[i].input.n - cut));
            assert_told(&sse_rules[i], "cut in two", cut);
        }
}

static void every_rule_holds_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < SSE_RULES; i++) {
        start_again();
        for (size_t at = 0; at < sse_rules[i].input.n; at++) {
            assert_ok(feed(sse_rules[i].input.p + at, 1));
            assert_ok(feed("", 0));
        }
        assert_told(&sse_rules[i], "byte by byte", 0);
    }
}

static void a_cr_at_the_end_of_a_piece_ends_the_line_at_once(void **state)
{
    (void)state;
    assert_ok(feed("data: a\r\n\r", 10));
    assert_span(buf_span(&told), "event message id= data=a\n");
    assert_ok(feed("\n", 1));
    assert_ok(feed("data: b\r", 8));
    assert_ok(feed("\ndata: c\r\r", 10));
    assert_span(buf_span(&told), "event message id= data=a\nevent message id= data=b\\nc\n");
}

static void a_line_is_told_as_soon_as_it_is_complete(void **state)
{
    (void)state;
    assert_ok(feed("retry: 5\nid: 1\ndata: a\n", 23));
    assert_span(buf_span(&told), "retry 5\n");
    assert_ok(feed("\nda", 3));
    assert_span(buf_span(&told), "retry 5\nevent message id=1 data=a\n");
}

static void a_restart_forgets_the_unfinished_and_keeps_the_last_id(void **state)
{
    (void)state;
    assert_ok(feed("id: 1\ndata: a\n\n", 15));
    assert_ok(feed("id: 2\nevent: x\ndata: b\nda", 25));
    sse_parser_restart(parser);
    assert_ok(feed("ta: c\ndata: d\n\n", 15));
    assert_span(buf_span(&told), "event message id=1 data=a\nevent message id=1 data=d\n");
}

static void a_restart_expects_a_new_stream_with_its_own_bom(void **state)
{
    (void)state;
    assert_ok(feed("data: a\r", 8));
    sse_parser_restart(parser);
    assert_ok(feed("\n" BOM "data: b\n\n", 12));
    sse_parser_restart(parser);
    assert_ok(feed(BOM "data: c\n\n", 12));
    assert_span(buf_span(&told), "event message id= data=c\n");
}

static void what_nobody_listens_for_is_parsed_all_the_same(void **state)
{
    (void)state;
    static const struct sse_handler deaf = {NULL};
    struct sse_parser *quiet = sse_parser_new(&deaf, NULL, MAX);
    for (size_t i = 0; i < SSE_RULES; i++)
        assert_ok(sse_parser_feed(quiet, sse_rules[i].input));
    sse_parser_free(quiet);
    sse_parser_free(NULL);
}

/* Feeds `head`, then n times `c`, then `tail`, in pieces of a size. */
static enum error feed_long(const char *head, size_t n, char c, const char *tail, size_t piece)
{
    size_t all = strlen(head) + n + strlen(tail);
    char *text = malloc(all);
    memcpy(text, head, strlen(head));
    memset(text + strlen(head), c, n);
    memcpy(text + strlen(head) + n, tail, strlen(tail));
    enum error error = OK;
    for (size_t at = 0; at < all && !error; at += piece)
        error = feed(text + at, all - at < piece ? all - at : piece);
    free(text);
    return error;
}

static const size_t piece_sizes[] = {1, 7, 999, 1000, 1001, 100000};
enum { PIECE_SIZES = sizeof piece_sizes / sizeof *piece_sizes };

static void a_line_may_be_as_long_as_the_maximum_and_no_longer(void **state)
{
    (void)state;
    for (size_t i = 0; i < PIECE_SIZES; i++) {
        start_again();
        assert_ok(feed_long(":", MAX - 1, 'x', "\n", piece_sizes[i]));
        assert_int_equal(told.len, 8 + MAX - 1 + 1);
        assert_error(feed_long(":", MAX, 'x', "\n", piece_sizes[i]), ERROR_TOO_LARGE);
        start_again();
        assert_ok(feed_long("", MAX, 'x', "", piece_sizes[i]));
        start_again();
        assert_error(feed_long("", MAX + 1, 'x', "", piece_sizes[i]), ERROR_TOO_LARGE);
    }
}

static void an_event_may_be_as_large_as_the_maximum_and_no_larger(void **state)
{
    (void)state;
    for (size_t i = 0; i < PIECE_SIZES; i++) {
        start_again();
        assert_ok(feed_long("data:", 600, 'x', "\n", piece_sizes[i]));
        assert_ok(feed_long("data:", MAX - 601, 'x', "\n\n", piece_sizes[i]));
        assert_int_equal(told.len, strlen("event message id= data=") + MAX + 1 + 1);
        assert_ok(feed_long("data:", 600, 'x', "\n", piece_sizes[i]));
        assert_error(feed_long("data:", MAX - 600, 'x', "\n", piece_sizes[i]), ERROR_TOO_LARGE);
    }
}

static void what_repair_makes_too_large_is_too_large(void **state)
{
    (void)state;
    static const char *const heads[] = {"data:", "id:", "event:", ":"};
    for (size_t i = 0; i < 4; i++) {
        start_again();
        assert_ok(feed_long(heads[i], MAX / 3, '\xff', "\n\n", 100));
        assert_error(feed_long(heads[i], MAX / 3 + 1, '\xff', "\n\n", 100), ERROR_TOO_LARGE);
    }
}

static void many_events_fit_one_after_the_other(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_ok(feed_long("id:1\ndata:", 900, 'x', "\n\n", 100));
}

int main(void)
{
#define PARSER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        PARSER_TEST(every_rule_holds_for_bytes_in_one_piece),
        PARSER_TEST(every_rule_holds_wherever_the_bytes_are_cut_in_two),
        PARSER_TEST(every_rule_holds_byte_by_byte),
        PARSER_TEST(a_cr_at_the_end_of_a_piece_ends_the_line_at_once),
        PARSER_TEST(a_line_is_told_as_soon_as_it_is_complete),
        PARSER_TEST(a_restart_forgets_the_unfinished_and_keeps_the_last_id),
        PARSER_TEST(a_restart_expects_a_new_stream_with_its_own_bom),
        PARSER_TEST(what_nobody_listens_for_is_parsed_all_the_same),
        PARSER_TEST(a_line_may_be_as_long_as_the_maximum_and_no_longer),
        PARSER_TEST(an_event_may_be_as_large_as_the_maximum_and_no_larger),
        PARSER_TEST(what_repair_makes_too_large_is_too_large),
        PARSER_TEST(many_events_fit_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
