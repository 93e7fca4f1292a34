/* Where streams start: every form of `from` and of a position. */
#include "unit.h"

#include "base/id.h"
#include "server/position.h"

struct row {
    const char *text;
    enum start_kind kind;
    uint64_t value;
};

#define MS(ms) (((uint64_t)(ms) << 16) - 1) /* all events from this millisecond on */

static const struct row forms[] = {
    {"now", START_NONE, 0},
    {"earliest", START_EARLIEST, 0},
    {"-5", START_NEWEST, 5},
    {"-0", START_NEWEST, 0},
    {"-1000000", START_NEWEST, 1000000},
    {"1795327500123-7", START_AFTER, UINT64_C(1795327500123) << 16 | 7},
    {"1795327500123", START_TIME, MS(1795327500123)},
    {"0", START_TIME, 0},
    {"2026-11-22T06:45:00.123Z", START_TIME, MS(1795329900123)},
    {"2026-11-22t06:45:00z", START_TIME, MS(1795329900000)},
    {"2026-11-22T07:45:00+01:00", START_TIME, MS(1795329900000)},
    {"2026-11-22T07:45:00 01:00", START_TIME, MS(1795329900000)}, /* '+' read as a space */
    {"2026-11-22T05:15:00-01:30", START_TIME, MS(1795329900000)},
    {"2026-11-22T06:45:00.1239999Z", START_TIME, MS(1795329900123)},
    {"2028-02-29T00:00:00Z", START_TIME, MS(1835395200000)},
    {"1970-01-01T00:00:00Z", START_TIME, 0},
    {"1901-01-01T00:00:00Z", START_TIME, 0},
    {"2026-02-29T00:00:00Z", START_UNKNOWN, 0},
    {"2026-13-01T00:00:00Z", START_UNKNOWN, 0},
    {"2026-00-01T00:00:00Z", START_UNKNOWN, 0},
    {"2026-11-22T24:00:00Z", START_UNKNOWN, 0},
    {"2026-11-22T06:45:00", START_UNKNOWN, 0},
    {"2026-11-22T06:45:00.Z", START_UNKNOWN, 0},
    {"2026-11-22T06:45:00Zx", START_UNKNOWN, 0},
    {"2026-11-22T06:45:00+1:00", START_UNKNOWN, 0},
    {"2026-11-22", START_UNKNOWN, 0},
    {"-", START_UNKNOWN, 0},
    {"--1", START_UNKNOWN, 0},
    {"-99999999999999999999", START_UNKNOWN, 0},
    {"yesterday", START_UNKNOWN, 0},
    {"Now", START_UNKNOWN, 0},
    {"99999999999999999999", START_UNKNOWN, 0},
    {"12-70000", START_UNKNOWN, 0},
    {"%", START_UNKNOWN, 0},
};

static void from_is_read_in_every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct start start = {0};
        print_message("from=%s\n", forms[i].text);
        from_read(span_from(forms[i].text), &start);
        assert_int_equal(start.from_kind, forms[i].kind);
        assert_int_equal(start.position_kind, START_NONE);
        if (start.from_kind != START_UNKNOWN)
            assert_int_equal(start.from, forms[i].value);
    }
}

static void a_position_is_an_id_or_unknown(void **state)
{
    (void)state;
    static const char *const unknown[] = {"x",     "1",    "-1",      "1-",  "-",
                                          "1-2-3", "01-1", "1-65536", "now", " 1-1"};
    struct start start = {0};
    position_read(SPAN("12-34"), &start);
    assert_int_equal(start.position_kind, START_AFTER);
    assert_int_equal(start.position, id_make(12, 34));
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        position_read(span_from(unknown[i]), &start);
        assert_int_equal(start.position_kind, START_UNKNOWN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_is_read_in_every_form),
        cmocka_unit_test(a_position_is_an_id_or_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
