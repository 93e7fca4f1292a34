/* Options from texts, flags and the environment. */
#include "unit.h"

#include "base/options.h"

#include <stdlib.h>

struct values {
    uint64_t count, size, duration;
    bool on;
    unsigned kind;
    const char *text;
    struct option_texts texts, few;
};

static const char *check_name(struct span text)
{
    return text.n < 8 ? NULL : "a name has at most 7 bytes";
}

#define AT(field) .offset = offsetof(struct values, field)
static const struct option_row rows[] = {
    {.kind = OPTION_HEADING, .help = "Numbers"},
    {"count", OPTION_COUNT, AT(count), "7", "N", "how many", .least = 1, .most = 100},
    {"max-size", OPTION_SIZE, AT(size), "16M", "SIZE", "how large", .least = 1024},
    {"time-limit", OPTION_DURATION, AT(duration), "90s", "DURATION", "how long", .most = 86400000},
    {.kind = OPTION_HEADING, .help = "Others"},
    {"on", OPTION_SWITCH, AT(on), .help = "whether"},
    {"kind", OPTION_CHOICE, AT(kind), "text", "KIND", "which: text or json", "text|json|none"},
    {"name", OPTION_TEXT, AT(text), NULL, "NAME", "who", .check = check_name, .variable = "OTHER"},
    {"listen", OPTION_TEXTS, AT(texts), "here", "ADDR", "where", .variable = ""},
    {"header", OPTION_TEXTS, AT(texts), NULL, "LINE", "what else"},
    {"few", OPTION_TEXTS, AT(few), NULL, "NAME", "a few", .least = 1, .most = 2},
};

enum { ROWS = sizeof rows / sizeof *rows };

struct reading {
    struct values values;
    struct options options;
};

static struct reading *reading_new(void)
{
    struct reading *reading = calloc(1, sizeof *reading);
    options_init(&reading->options, rows, ROWS, &reading->values);
    return reading;
}

static void reading_free(struct reading *reading)
{
    options_fini(&reading->options);
    free(reading);
}

static struct option_origin from(enum option_source source)
{
    return (struct option_origin){.source = source, .line = 3};
}

static void what_is_not_said_has_its_default(void **state)
{
    (void)state;
    struct reading *reading = reading_new();
    assert_int_equal(reading->values.count, 7);
    assert_int_equal(reading->values.size, 16 << 20);
    assert_int_equal(reading->values.duration, 90000);
    assert_false(reading->values.on);
    assert_int_equal(reading->values.kind, 0);
    assert_null(reading->values.text);
    assert_int_equal(reading->values.texts.count, 1);
    reading_free(reading);
}

static void flags_are_taken_and_arguments_left(void **state)
{
    (void)state;
    struct reading *reading = reading_new();
    char *arguments[] = {"a", "--count", "9",      "--max-size=2K", "--on",
                         "-", "--kind",  "json",   "--header=x:y",  "--listen",
                         "u", "--",      "--count"};
    int count = 13;
    assert_true(options_read_flags(&reading->options, &count, arguments));
    assert_int_equal(count, 3);
    assert_string_equal(arguments[0], "a");
    assert_string_equal(arguments[1], "-");
    assert_string_equal(arguments[2], "--count");
    assert_int_equal(reading->values.count, 9);
    assert_int_equal(reading->values.size, 2048);
    assert_true(reading->values.on);
    assert_int_equal(reading->values.kind, 1);
    assert_int_equal(reading->options.origins[1].source, OPTION_FLAG);
    assert_int_equal(reading->options.origins[3].source, OPTION_DEFAULT);
    reading_free(reading);
}

static void what_is_wrong_is_told_with_what_would_be_right(void **state)
{
    (void)state;
    static const struct {
        const char *flag, *says;
    } wrongs[] = {
        {"--cuont=1", "--cuont: no such flag; did you mean --count?"},
        {"--coun=1", "did you mean --count?"},
        {"--max-szie=1", "did you mean --max-size?"},
        {"--nothing=1", "--nothing: no such flag; --help lists them"},
        {"--count", "--count: a value must follow: N"},
        {"--count=x", "--count=x: not a whole number; write digits"},
        {"--count=0", "--count=0: out of range; write one from 1 to 100"},
        {"--count=101", "from 1 to 100"},
        {"--max-size=1023", "of at least 1K"},
        {"--max-size=5X", "64K"},
        {"--time-limit=2d", "of at most 1d"},
        {"--time-limit=5", "30s"},
        {"--on=perhaps", "--on=perhaps: this is true or false"},
        {"--kind=xml", "write one of text|json|none"},
        {"--name=far-too-long", "a name has at most 7 bytes"},
        {"-c", "-c: flags begin with two dashes"},
    };
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        struct reading *reading = reading_new();
        char text[64], *arguments[] = {text};
        int count = 1;
        snprintf(text, sizeof text, "%s", wrongs[i].flag);
        assert_false(options_read_flags(&reading->options, &count, arguments));
        if (!strstr(reading->options.why, wrongs[i].says))
            fail_msg("%s: %s", wrongs[i].flag, reading->options.why);
        reading_free(reading);
    }
}

static void a_later_source_wins_and_begins_a_list_anew(void **state)
{
    (void)state;
    struct reading *reading = reading_new();
    const struct option_row *listen = options_find(&reading->options, SPAN("listen"));
    assert_true(options_take(&reading->options, listen, "a", from(OPTION_FILE)));
    assert_true(options_take(&reading->options, listen, "b", from(OPTION_FILE)));
    assert_int_equal(reading->values.texts.count, 2);
    assert_true(options_take(&reading->options, listen, "c", from(OPTION_FLAG)));
    assert_int_equal(reading->values.texts.count, 1);
    assert_string_equal(reading->values.texts.texts[0], "c");
    reading_free(reading);
}

static void variables_are_read_by_the_rows_names(void **state)
{
    (void)state;
    struct reading *reading = reading_new();
    setenv("FRESHET_MAX_SIZE", "4K", 1);
    setenv("FRESHET_HEADER", "a: 1,b: 2", 1);
    setenv("FRESHET_LISTEN", "nobody reads it", 1);
    setenv("FRESHET_ON", "true", 1);
    setenv("FRESHET_COUNT", "", 1);
    setenv("OTHER", "me", 1);
    assert_true(options_read_variables(&reading->options));
    assert_int_equal(reading->values.size, 4096);
    assert_int_equal(reading->values.count, 7);
    assert_true(reading->values.on);
    assert_string_equal(reading->values.text, "me");
    setenv("FRESHET_MAX_SIZE", "huge", 1);
    assert_false(options_read_variables(&reading->options));
    assert_non_null(strstr(reading->options.why, "FRESHET_MAX_SIZE=huge: not a size"));
    unsetenv("FRESHET_MAX_SIZE");
    unsetenv("FRESHET_HEADER");
    unsetenv("FRESHET_LISTEN");
    unsetenv("FRESHET_ON");
    unsetenv("OTHER");
    reading_free(reading);
}

static void a_variable_that_is_nearly_one_is_told(void **state)
{
    (void)state;
    struct reading *reading = reading_new();
    setenv("FRESHET_PORT_8080_TCP", "tcp://10.0.0.1:8080", 1); /* as some systems set them */
    setenv("FRESHET_MAX_SIZE", "4K", 1);
    assert_true(options_check_variables(&reading->options));
    setenv("FRESHET_MAXSIZE", "4K", 1);
    assert_false(options_check_variables(&reading->options));
    assert_string_equal(reading->options.why,
                        "FRESHET_MAXSIZE: no such variable; did you mean FRESHET_MAX_SIZE?");
    unsetenv("FRESHET_MAXSIZE");
    unsetenv("FRESHET_MAX_SIZE");
    unsetenv("FRESHET_PORT_8080_TCP");
    reading_free(reading);
}

static void what_is_printed_is_read_again_as_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
    } texts[] = {{"count", "12"},       {"max-size", "1000K"}, {"max-size", "1025"},
                 {"max-size", "3G"},    {"time-limit", "90m"}, {"time-limit", "1001ms"},
                 {"time-limit", "0ms"}, {"on", "true"},        {"kind", "none"},
                 {"name", "me"},        {"listen", "x"}};
    struct reading *reading = reading_new();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buf out;
        buf_init(&out, 256);
        const struct option_row *row = options_find(&reading->options, span_from(texts[i].name));
        assert_true(options_take(&reading->options, row, texts[i].text, from(OPTION_FLAG)));
        assert_int_equal(option_print(&reading->options, row, &out), OK);
        assert_int_equal(out.len, strlen(texts[i].text));
        assert_memory_equal(out.data, texts[i].text, out.len);
        buf_fini(&out);
        reading->values.texts.count = 0;
    }
    reading_free(reading);
}

static const struct option_origin from_file = {.source = OPTION_FILE, .line = 3};

static void a_copied_value_outlives_what_it_was_copied_from(void **state)
{
    (void)state;
    struct reading *from = reading_new(), *to = reading_new();
    static const struct {
        const char *name, *text;
    } texts[] = {{"count", "12"}, {"on", "true"},  {"kind", "json"},
                 {"name", "me"},  {"listen", "x"}, {"header", "a: b"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct option_row *row = options_find(&from->options, span_from(texts[i].name));
        from->values.texts.count = 0; /* both lists are one */
        char *text = options_keep(&from->options, span_from(texts[i].text));
        assert_true(options_take(&from->options, row, text, from_file));
        options_copy(&to->options, &from->options, row);
        assert_int_equal(to->options.origins[row - rows].line, 3);
    }
    const struct option_row *name = options_find(&from->options, SPAN("name"));
    reading_free(from);
    assert_int_equal(to->values.count, 12);
    assert_true(to->values.on);
    assert_int_equal(to->values.kind, 1);
    assert_string_equal(to->values.text, "me");
    assert_int_equal(to->values.texts.count, 1);
    assert_string_equal(to->values.texts.texts[0], "a: b");
    struct reading *none = reading_new();
    options_copy(&to->options, &none->options, name);
    assert_null(to->values.text);
    reading_free(none);
    reading_free(to);
}

static void a_list_may_be_made_empty_unless_one_is_needed(void **state)
{
    (void)state;
    struct reading *reading = reading_new();
    const struct option_row *header = options_find(&reading->options, SPAN("header"));
    const struct option_row *few = options_find(&reading->options, SPAN("few"));
    assert_true(options_take_none(&reading->options, header, from_file));
    assert_int_equal(reading->values.texts.count, 0);
    assert_int_equal(reading->options.origins[header - rows].line, 3);
    assert_false(options_take_none(&reading->options, few, from_file));
    assert_string_equal(reading->options.why, "an empty list; write at least one");
    assert_true(options_take(&reading->options, few, "a", from_file));
    assert_true(options_take(&reading->options, few, "b", from_file));
    assert_false(options_take(&reading->options, few, "c", from_file));
    assert_string_equal(reading->options.why, "at most 2 times");
    reading_free(reading);
}

static void help_has_every_row_in_lines_of_a_hundred_columns(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 16 << 10);
    assert_int_equal(options_write_help(rows, ROWS, &out), OK);
    struct span rest = buf_span(&out);
    while (rest.n)
        assert_in_range(span_cut(&rest, '\n').n, 0, 100);
    assert_int_equal(buf_append(&out, "", 1), OK);
    assert_non_null(strstr(out.data, "Numbers:\n  --count N                    how many [7]\n"));
    assert_non_null(strstr(out.data, "\n\nOthers:\n  --on                         whether\n"));
    assert_non_null(strstr(out.data, "what else; may be repeated\n"));
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(flags_are_taken_and_arguments_left),
        cmocka_unit_test(what_is_wrong_is_told_with_what_would_be_right),
        cmocka_unit_test(a_later_source_wins_and_begins_a_list_anew),
        cmocka_unit_test(variables_are_read_by_the_rows_names),
        cmocka_unit_test(a_variable_that_is_nearly_one_is_told),
        cmocka_unit_test(what_is_printed_is_read_again_as_the_same),
        cmocka_unit_test(a_copied_value_outlives_what_it_was_copied_from),
        cmocka_unit_test(a_list_may_be_made_empty_unless_one_is_needed),
        cmocka_unit_test(help_has_every_row_in_lines_of_a_hundred_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
