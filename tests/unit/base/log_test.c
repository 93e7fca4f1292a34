/* Lines of the log, read back as text and by a JSON parser that is not ours. */
#include "unit.h"

#include "base/log.h"

#include <jansson.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int written = -1; /* stands in for standard error */

/* What `statement` wrote to standard error, into `out`. */
#define WRITTEN(out, statement)           \
    do {                                  \
        int before = dup(STDERR_FILENO);  \
        dup2(written, STDERR_FILENO);     \
        statement;                        \
        dup2(before, STDERR_FILENO);      \
        close(before);                    \
        take_written((out), sizeof(out)); \
    } while (0)

static void take_written(char *out, size_t size)
{
    ssize_t n = pread(written, out, size - 1, 0);
    assert_true(n >= 0);
    out[n] = '\0';
    assert_return_code(ftruncate(written, 0), 0);
    lseek(written, 0, SEEK_SET);
}

/* One line, which is one object. */
static json_t *parsed(const char *line)
{
    json_error_t error;
    size_t n = strlen(line);
    assert_true(n > 0 && n <= 1024);
    assert_ptr_equal(strchr(line, '\n'), line + n - 1);
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (!object)
        fail_msg("%s: %s", error.text, line);
    assert_true(json_is_object(object));
    return object;
}

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static int in_text(void **state)
{
    (void)state;
    written = memfd_create("log", 0);
    log_set_level(LOG_INFO);
    log_set_format(LOG_TEXT);
    return written < 0;
}

static int in_json(void **state)
{
    int status = in_text(state);
    log_set_format(LOG_JSON);
    return status;
}

static int done(void **state)
{
    (void)state;
    log_set_format(LOG_TEXT);
    log_set_level(LOG_INFO);
    return close(written);
}

static void a_line_is_time_level_event_and_pairs(void **state)
{
    (void)state;
    char line[2048];
    WRITTEN(line, log_line(LOG_WARN, "a.thing", "name=%s count=%d", "x", 3));
    assert_string_equal(line + strlen("2026-01-01T00:00:00.000"),
                        "Z warn a.thing name=x count=3\n");
    assert_true(line[4] == '-' && line[10] == 'T' && line[19] == '.');
}

static void in_json_it_says_the_same(void **state)
{
    (void)state;
    char line[2048];
    WRITTEN(line, log_line(LOG_WARN, "a.thing", "name=%s count=%d", "x", 3));
    assert_string_equal(
        line + strlen("{\"time\":\"2026-01-01T00:00:00.000"),
        "Z\",\"level\":\"warn\",\"event\":\"a.thing\",\"name\":\"x\",\"count\":3}\n");
    json_decref(parsed(line));
    WRITTEN(line, log_line(LOG_ERROR, "alone", "%s", ""));
    json_t *object = parsed(line);
    assert_int_equal(json_object_size(object), 3);
    json_decref(object);
}

static void only_what_is_printed_as_a_number_is_one(void **state)
{
    (void)state;
    char line[2048];
    WRITTEN(
        line,
        log_line(
            LOG_INFO, "kinds",
            "channel=%s id=%d-%d low=%d zero=%u large=%llu exact=%llu part=%.2f odd=%05d status=0 "
            "url=http://%s/ none=%s",
            "42", 17, 3, -5, 0U, 18446744073709551615ULL, 999999999999999ULL, 2.5, 7, "here", ""));
    json_t *object = parsed(line);
    assert_string_equal(text_of(object, "channel"), "42");
    assert_string_equal(text_of(object, "id"), "17-3");
    assert_int_equal(json_integer_value(json_object_get(object, "low")), -5);
    assert_true(json_is_integer(json_object_get(object, "zero")));
    assert_string_equal(text_of(object, "large"), "18446744073709551615");
    assert_int_equal(json_integer_value(json_object_get(object, "exact")), 999999999999999);
    assert_true(json_is_real(json_object_get(object, "part")));
    assert_string_equal(text_of(object, "odd"), "00007");
    assert_true(json_is_integer(json_object_get(object, "status")));
    assert_string_equal(text_of(object, "url"), "http://here/");
    assert_string_equal(text_of(object, "none"), "");
    json_decref(object);
}

static void words_stand_in_quotes(void **state)
{
    (void)state;
    char line[2048];
    const char *words = "line 3: \"x=1 y=2\" is no list\\";
    WRITTEN(line, log_line(LOG_INFO, "refused", "error=\"%s\" file=\"%s, line %d\" y=%d",
                           log_words(words).text, "a b", 3, 4));
    json_t *object = parsed(line);
    assert_string_equal(text_of(object, "error"), "line 3: 'x=1 y=2' is no list\\");
    assert_string_equal(text_of(object, "file"), "a b, line 3");
    assert_int_equal(json_integer_value(json_object_get(object, "y")), 4);
    json_decref(object);
}

static void bytes_that_could_do_harm_are_shown_as_question_marks(void **state)
{
    (void)state;
    static const char raw[] = "a\x1b[2J\xff\xc2\x9b\xed\xa0\x80\xc3\xa9\x7f\\";
    char line[2048], text[64];
    WRITTEN(line, log_line(LOG_INFO, "raw", "name=%s", raw));
    json_t *object = parsed(line);
    assert_string_equal(text_of(object, "name"), "a?[2J??????\xc3\xa9?\\");
    log_set_format(LOG_TEXT);
    WRITTEN(line, log_line(LOG_INFO, "raw", "name=%s", raw));
    snprintf(text, sizeof text, "raw name=%s\n", text_of(object, "name"));
    assert_string_equal(line + strlen(line) - strlen(text), text);
    json_decref(object);
}

static void a_line_too_long_is_cut_and_stays_an_object(void **state)
{
    (void)state;
    static const char *const pieces[] = {"x", "\"", "\\", "\xc3\xa9", "\xf0\x9f\x98\x80"};
    char line[2048], value[2048];
    for (size_t piece = 0; piece < sizeof pieces / sizeof *pieces; piece++)
        for (size_t n = 900; n < 1100; n++) {
            size_t length = 0, step = strlen(pieces[piece]);
            for (; length + step <= n; length += step)
                memcpy(value + length, pieces[piece], step);
            value[length] = '\0';
            WRITTEN(line, log_line(LOG_INFO, "long", "first=%d value=%s last=%d", 1, value, 2));
            json_t *object = parsed(line);
            const char *kept = text_of(object, "value");
            bool cut = json_is_true(json_object_get(object, "cut"));
            assert_int_equal(json_integer_value(json_object_get(object, "first")), 1);
            /* Where it was cut within a letter, '?' stand for that. */
            assert_memory_equal(kept, value, strcspn(kept, "?"));
            assert_true(cut || strcmp(kept, value) == 0);
            assert_int_equal(cut, !json_object_get(object, "last"));
            json_decref(object);
        }
}

static void the_level_counts_from_now_on(void **state)
{
    (void)state;
    char line[2048];
    log_set_level(LOG_WARN);
    WRITTEN(line, log_line(LOG_INFO, "quiet", "a=%d", 1));
    assert_string_equal(line, "");
    log_set_level(LOG_DEBUG);
    WRITTEN(line, log_line(LOG_DEBUG, "quiet", "a=%d", 1));
    assert_non_null(strstr(line, "debug quiet a=1\n"));
}

/* Names of any bytes, with what could end a value or begin another more often than chance has it.
 */
static void whatever_a_stranger_is_called_he_forges_no_member(void **state)
{
    (void)state;
    static const char likely[] = " =\"%\\\n{}:,?events=7";
    uint64_t seed = unit_seed();
    char line[2048], name[64], text[2048];
    for (int round = 0; round < 20000; round++) {
        size_t n = unit_random_below(&seed, sizeof name);
        for (size_t i = 0; i < n; i++)
            name[i] = (char)(unit_random_below(&seed, 2)
                                 ? unit_random_below(&seed, 256)
                                 : (size_t)likely[unit_random_below(&seed, sizeof likely - 1)]);
        struct log_value value = log_value((struct span){name, n});
        log_set_format(LOG_JSON);
        WRITTEN(line, log_line(LOG_INFO, "named", "channel=%s%s events=%d", value.text,
                               round % 2 ? "*" : "", round));
        json_t *object = parsed(line);
        assert_int_equal(json_object_size(object), 5);
        assert_int_equal(json_integer_value(json_object_get(object, "events")), round);
        log_set_format(LOG_TEXT);
        snprintf(text, sizeof text, " info named channel=%s events=%d\n",
                 text_of(object, "channel"), round);
        WRITTEN(line, log_line(LOG_INFO, "named", "channel=%s%s events=%d", value.text,
                               round % 2 ? "*" : "", round));
        assert_string_equal(line + strlen("2026-01-01T00:00:00.000Z"), text);
        json_decref(object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_is_time_level_event_and_pairs, in_text, done),
        cmocka_unit_test_setup_teardown(in_json_it_says_the_same, in_json, done),
        cmocka_unit_test_setup_teardown(only_what_is_printed_as_a_number_is_one, in_json, done),
        cmocka_unit_test_setup_teardown(words_stand_in_quotes, in_json, done),
        cmocka_unit_test_setup_teardown(bytes_that_could_do_harm_are_shown_as_question_marks,
                                        in_json, done),
        cmocka_unit_test_setup_teardown(a_line_too_long_is_cut_and_stays_an_object, in_json, done),
        cmocka_unit_test_setup_teardown(the_level_counts_from_now_on, in_text, done),
        cmocka_unit_test_setup_teardown(whatever_a_stranger_is_called_he_forges_no_member, in_json,
                                        done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
