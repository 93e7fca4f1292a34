/* Settings from flags. */
#include "unit.h"

#include "server/settings.h"

static bool read_flags(struct settings *settings, char *why, int count, char **arguments)
{
    settings_init(settings);
    return settings_read_flags(settings, count, arguments, why, 512);
}

static void what_is_not_said_has_its_default(void **state)
{
    (void)state;
    struct settings settings;
    char why[512] = "";
    assert_true(read_flags(&settings, why, 0, NULL));
    assert_string_equal(settings.listen[0], "127.0.0.1:8080");
    assert_int_equal(settings.listen_count, 1);
    assert_int_equal(settings.history, 1000);
    assert_int_equal(settings.ttl, 300000);
    assert_int_equal(settings.history_bytes, 16 << 20);
    assert_int_equal(settings.memory, 256 << 20);
    assert_int_equal(settings.keepalive, 30000);
    assert_int_equal(settings.retry, 3000);
    assert_int_equal(settings.stall_timeout, 30000);
    assert_int_equal(settings.stop_spread, 5000);
    assert_int_equal(settings.stop_timeout, 10000);
    assert_in_range(settings.workers, 1, 64);
}

static void flags_are_read_with_a_space_or_an_equals_sign(void **state)
{
    (void)state;
    struct settings settings;
    char why[512] = "";
    char *arguments[] = {"--history",    "7",           "--ttl=2m", "--listen", "a:1",
                         "--listen=b:2", "--memory=64M"};
    assert_true(read_flags(&settings, why, 7, arguments));
    assert_int_equal(settings.history, 7);
    assert_int_equal(settings.ttl, 120000);
    assert_int_equal(settings.memory, 64 << 20);
    assert_int_equal(settings.listen_count, 2);
    assert_string_equal(settings.listen[1], "b:2");
}

static void a_wrong_flag_is_told_with_what_would_be_right(void **state)
{
    (void)state;
    static const struct {
        char *flag, *says;
    } rows[] = {
        {"--histroy=1", "no such flag"},
        {"--history=many", "whole number"},
        {"--ttl=5", "30s"},
        {"--memory=5X", "64K"},
        {"--memory=1K", "at least 1M"},
        {"--workers=65", "at most 64"},
        {"--history", "a value must follow"},
        {"history=1", "begin with --"},
        {"--keepalive=1ms", "at least 100ms"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct settings settings;
        char why[512] = "", *arguments[] = {rows[i].flag};
        assert_false(read_flags(&settings, why, 1, arguments));
        print_message("%s\n", why);
        assert_non_null(strstr(why, rows[i].says));
    }
}

static void help_names_every_flag_with_its_default(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1 << 16);
    assert_ok(settings_write_help(&out));
    assert_ok(buf_append(&out, "", 1));
#define SETTING(field, flag, kind, initial, shown, help)    \
    assert_non_null(strstr(out.data, "--" flag " " shown)); \
    assert_non_null(strstr(out.data, "[" initial "]"));
#include "server/settings.def"
#undef SETTING
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(flags_are_read_with_a_space_or_an_equals_sign),
        cmocka_unit_test(a_wrong_flag_is_told_with_what_would_be_right),
        cmocka_unit_test(help_names_every_flag_with_its_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
