/* Settings from the environment and flags. */
#include "unit.h"

#include "server/config.h"

#include <stdlib.h>

/* NULL and what is wrong. */
static struct settings *read_flags(char *why, int count, char **arguments)
{
    struct buf wrongs;
    buf_init(&wrongs, SETTINGS_WRONGS_MAX);
    struct settings *settings = settings_read(count, arguments, &wrongs);
    snprintf(why, OPTIONS_WHY_MAX, "%.*s", (int)wrongs.len, buf_span(&wrongs).p);
    buf_fini(&wrongs);
    return settings;
}

static void what_is_not_said_has_its_default(void **state)
{
    (void)state;
    char why[OPTIONS_WHY_MAX] = "";
    struct settings *settings = read_flags(why, 0, NULL);
    assert_non_null(settings);
    assert_string_equal(settings->listen.texts[0], "127.0.0.1:8080");
    assert_int_equal(settings->listen.count, 1);
    assert_int_equal(settings->origins.count, 0);
    assert_string_equal(settings->engine, "memory");
    assert_int_equal(settings->history, 1000);
    assert_int_equal(settings->ttl, 300000);
    assert_int_equal(settings->history_bytes, 16 << 20);
    assert_int_equal(settings->memory, 256 << 20);
    assert_int_equal(settings->keepalive, 30000);
    assert_int_equal(settings->retry, 3000);
    assert_int_equal(settings->stall_timeout, 30000);
    assert_int_equal(settings->stop_spread, 5000);
    assert_int_equal(settings->stop_timeout, 10000);
    assert_in_range(settings_workers(settings), 1, 64);
    settings_unref(settings);
}

static void flags_are_read_with_a_space_or_an_equals_sign(void **state)
{
    (void)state;
    char why[OPTIONS_WHY_MAX] = "";
    char *arguments[] = {"--history",    "7",           "--ttl=2m", "--listen", "a:1",
                         "--listen=b:2", "--memory=64M"};
    struct settings *settings = read_flags(why, 7, arguments);
    assert_non_null(settings);
    assert_int_equal(settings->history, 7);
    assert_int_equal(settings->ttl, 120000);
    assert_int_equal(settings->memory, 64 << 20);
    assert_int_equal(settings->listen.count, 2);
    assert_string_equal(settings->listen.texts[1], "b:2");
    settings_unref(settings);
}

static void a_wrong_flag_is_told_with_what_would_be_right(void **state)
{
    (void)state;
    static const struct {
        char *flag, *says;
    } rows[] = {
        {"--histroy=1", "did you mean --history?"},
        {"--history=many", "whole number"},
        {"--ttl=5", "30s"},
        {"--memory=5X", "64K"},
        {"--memory=1K", "of at least 1M"},
        {"--workers=65", "of at most 64"},
        {"--history", "a value must follow"},
        {"history=1", "begin with --"},
        {"--keepalive=1ms", "from 100ms to 1d"},
        {"--max-head=255", "from 256 to 1M"},
        {"--max-event=257M", "from 1 to 256M"},
        {"--stop-spread=61m", "of at most 1h"},
        {"--listen=127.0.0.1", "write ADDR:PORT"},
        {"--listen=:80", "write ADDR:PORT"},
        {"--listen=::1:80", "write ADDR:PORT"},
        {"--listen=[]:80", "write ADDR:PORT"},
        {"--listen=a b:80", "write ADDR:PORT"},
        {"--listen=a:65536", "write ADDR:PORT"},
        {"--engine=redis", "write memory"},
        {"--cors-origin=app.example.com", "https://app.example.com"},
        {"--cors-origin=https://", "https://app.example.com"},
        {"--cors-origin=https://a/b", "https://app.example.com"},
        {"--log-level=loud", "debug|info|warn|error"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char why[OPTIONS_WHY_MAX] = "", *arguments[] = {rows[i].flag};
        assert_null(read_flags(why, 1, arguments));
        if (!strstr(why, rows[i].says))
            fail_msg("%s: %s", rows[i].flag, why);
    }
}

static void listeners_are_at_most_sixteen(void **state)
{
    (void)state;
    char why[OPTIONS_WHY_MAX] = "", *arguments[SETTINGS_LISTEN_MAX + 1];
    for (int i = 0; i <= SETTINGS_LISTEN_MAX; i++)
        arguments[i] = "--listen=a:1";
    struct settings *settings = read_flags(why, SETTINGS_LISTEN_MAX, arguments);
    assert_non_null(settings);
    settings_unref(settings);
    assert_null(read_flags(why, SETTINGS_LISTEN_MAX + 1, arguments));
    assert_non_null(strstr(why, "at most 16 times"));
}

static void a_flag_wins_over_a_variable(void **state)
{
    (void)state;
    char why[OPTIONS_WHY_MAX] = "", *arguments[] = {"--history=5"};
    setenv("FRESHET_HISTORY", "6", 1);
    setenv("FRESHET_TTL", "7s", 1);
    struct settings *settings = read_flags(why, 1, arguments);
    assert_non_null(settings);
    assert_int_equal(settings->history, 5);
    assert_int_equal(settings->ttl, 7000);
    settings_unref(settings);
    unsetenv("FRESHET_HISTORY");
    unsetenv("FRESHET_TTL");
}

/* What settings_print makes, with a NUL behind it. */
static struct buf print(const struct settings *settings)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_ok(settings_print(settings, &out));
    assert_ok(buf_append(&out, "", 1));
    return out;
}

static struct settings *parse(struct span text)
{
    struct buf wrongs;
    buf_init(&wrongs, SETTINGS_WRONGS_MAX);
    struct settings *settings = settings_read(0, NULL, &wrongs);
    if (!config_parse(settings, "again.yaml", text, &wrongs))
        fail_msg("%.*s%.*s", (int)text.n, text.p, (int)wrongs.len, wrongs.data);
    settings->config = "again.yaml";
    return settings;
}

static void same_settings(const struct settings *a, const struct settings *b)
{
    for (size_t i = 0; i < settings_row_count; i++) {
        struct buf one, other;
        buf_init(&one, 1 << 16);
        buf_init(&other, 1 << 16);
        assert_ok(option_print(&a->options, &settings_rows[i], &one));
        assert_ok(option_print(&b->options, &settings_rows[i], &other));
        assert_true(settings_rows[i].no_key || span_equal(buf_span(&one), buf_span(&other)));
        buf_fini(&one);
        buf_fini(&other);
    }
    assert_int_equal(a->rule_count, b->rule_count);
    for (size_t i = 0; i < a->rule_count; i++) {
        assert_string_equal(a->rules[i].match, b->rules[i].match);
        assert_int_equal(a->rules[i].history, b->rules[i].history);
        assert_int_equal(a->rules[i].ttl, b->rules[i].ttl);
        assert_int_equal(a->rules[i].history_bytes, b->rules[i].history_bytes);
    }
}

static void what_is_printed_is_read_again_as_the_same(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "listen: ['[::1]:1', a:2]\ncors-origin: '*'\nhistory: 7\nttl: 1501ms\nlog-level: warn\n",
        "channels: [{match: '*', history: 0}, {match: a:*, ttl: 0ms}, {match: 'null'}, {match: "
        "'~'},"
        " {match: 'a: b # c'}, {match: '- a'}, {match: '\\\"'}, {match: ' a '}, {match: 'a:'},"
        " {match: '{a}', history-bytes: 3}, {match: \"\\u2028\\uFEFF\\uFFFE\\U00010348\\xE4\"}]\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct settings *settings = parse(span_from(texts[i]));
        struct buf out = print(settings);
        struct settings *again = parse((struct span){out.data, out.len - 1});
        same_settings(settings, again);
        settings_unref(settings);
        settings_unref(again);
        buf_fini(&out);
    }
}

static void each_is_printed_with_where_it_comes_from(void **state)
{
    (void)state;
    char why[OPTIONS_WHY_MAX] = "", *arguments[] = {"--history=5"};
    setenv("FRESHET_TTL", "7s", 1);
    struct settings *settings = read_flags(why, 1, arguments);
    assert_non_null(settings);
    settings->config = "a\nb.yaml"; /* as if it had been read */
    struct buf wrongs;
    buf_init(&wrongs, SETTINGS_WRONGS_MAX);
    assert_true(config_parse(settings, "", SPAN("retry: 1s\nchannels: [{match: x*}]"), &wrongs));
    struct buf out = print(settings);
    assert_non_null(strstr(out.data, "\nhistory: 5                     # --history\n"));
    assert_non_null(strstr(out.data, "\nttl: 7s                        # FRESHET_TTL\n"));
    assert_non_null(strstr(out.data, "\nretry: 1s                      # a?b.yaml:1\n"));
    assert_non_null(strstr(out.data, "\nkeepalive: 30s                 # default\n"));
    assert_non_null(
        strstr(out.data, "\nchannels:\n  - match: \"x*\"                # a?b.yaml:2\n"));
    settings_unref(settings);
    buf_fini(&out);
    unsetenv("FRESHET_TTL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(flags_are_read_with_a_space_or_an_equals_sign),
        cmocka_unit_test(a_wrong_flag_is_told_with_what_would_be_right),
        cmocka_unit_test(listeners_are_at_most_sixteen),
        cmocka_unit_test(a_flag_wins_over_a_variable),
        cmocka_unit_test(what_is_printed_is_read_again_as_the_same),
        cmocka_unit_test(each_is_printed_with_where_it_comes_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
