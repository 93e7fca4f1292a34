/* Settings from the environment and flags. */
#include "unit.h"

#include "server/settings.h"

#include <stdlib.h>

static struct settings *read_flags(char *why, int count, char **arguments)
{
    return settings_read(count, arguments, why, OPTIONS_WHY_MAX);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(flags_are_read_with_a_space_or_an_equals_sign),
        cmocka_unit_test(a_wrong_flag_is_told_with_what_would_be_right),
        cmocka_unit_test(listeners_are_at_most_sixteen),
        cmocka_unit_test(a_flag_wins_over_a_variable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
