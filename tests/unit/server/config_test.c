/* Settings from files: what is taken, and what is said of what is wrong. */
#include "unit.h"

#include "server/config.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Without flags; the caller's. NULL and what is wrong. */
static struct settings *parse(const char *text, size_t n, struct buf *wrongs)
{
    buf_init(wrongs, SETTINGS_WRONGS_MAX);
    struct settings *settings = settings_read(0, NULL, wrongs);
    assert_non_null(settings);
    if (config_parse(settings, "f.yaml", (struct span){text, n}, wrongs)) {
        assert_int_equal(wrongs->len, 0);
        return settings;
    }
    assert_true(wrongs->len > 0);
    settings_unref(settings);
    return NULL;
}

static struct settings *good(const char *text)
{
    struct buf wrongs;
    struct settings *settings = parse(text, strlen(text), &wrongs);
    if (!settings)
        fail_msg("%s: %.*s", text, (int)wrongs.len, wrongs.data);
    return settings;
}

static void keys_are_the_names_of_flags(void **state)
{
    (void)state;
    struct settings *settings = good("# a comment\n"
                                     "listen: [127.0.0.1:1, '[::1]:2']\n"
                                     "cors-origin: https://a.example\n"
                                     "history: 5\n"
                                     "\"ttl\": 90s\n"
                                     "memory: \"1G\"\n"
                                     "log-level: debug\n");
    assert_int_equal(settings->listen.count, 2);
    assert_string_equal(settings->listen.texts[0], "127.0.0.1:1");
    assert_string_equal(settings->listen.texts[1], "[::1]:2");
    assert_int_equal(settings->origins.count, 1);
    assert_string_equal(settings->origins.texts[0], "https://a.example");
    assert_int_equal(settings->history, 5);
    assert_int_equal(settings->ttl, 90000);
    assert_int_equal(settings->memory, 1 << 30);
    assert_int_equal(settings->log_level, 0);
    assert_int_equal(settings->keepalive, 30000);
    settings_unref(settings);
}

static void a_file_may_say_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "\n\n",
                                        "# nothing\n",
                                        "---\n",
                                        "~\n",
                                        "null",
                                        "{}",
                                        "--- {}\n...\n",
                                        "channels: []\n",
                                        "\xef\xbb\xbf",
                                        "\xef\xbb\xbfhistory: 1\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        settings_unref(good(texts[i]));
}

static void channels_have_rules_of_their_own(void **state)
{
    (void)state;
    struct settings *settings = good("channels:\n"
                                     "  - match: stocks:*\n"
                                     "    history: 100\n"
                                     "    ttl: 1m\n"
                                     "  - {match: '*', history-bytes: 2K}\n"
                                     "  - {match: exact}\n");
    assert_int_equal(settings->rule_count, 3);
    assert_string_equal(settings->rules[0].match, "stocks:*");
    assert_int_equal(settings->rules[0].history, 100);
    assert_int_equal(settings->rules[0].ttl, 60000);
    assert_int_equal(settings->rules[0].history_bytes, SETTINGS_HUBS);
    assert_int_equal(settings->rules[0].line, 2);
    assert_string_equal(settings->rules[1].match, "*");
    assert_int_equal(settings->rules[1].history, SETTINGS_HUBS);
    assert_int_equal(settings->rules[1].history_bytes, 2048);
    assert_string_equal(settings->rules[2].match, "exact");
    assert_int_equal(settings->rules[2].ttl, SETTINGS_HUBS);
    settings_unref(settings);
}

static void an_empty_list_is_none(void **state)
{
    (void)state;
    struct settings *settings = good("cors-origin: []\n");
    assert_int_equal(settings->origins.count, 0);
    assert_int_equal(settings->options.origins[3].source, OPTION_FILE);
    settings_unref(settings);
}

#define NAMES "; freshet serve --help lists them, without their dashes"
#define CHANNEL \
    "a channel's name has 1 to 255 bytes of UTF-8, no control characters, no * and no @ in front"

static const struct bad_file {
    const char *text, *says; /* all lines, without `f.yaml:` in front of each and the last \n */
} bad_files[] = {
    /* keys */
    {"ttl: 1s\n\nhistroy: 5\n", "3: histroy: no such key; did you mean history?"},
    {"history_bytes: 5\n", "1: history_bytes: no such key; did you mean history-bytes?"},
    {"--ttl: 5s\n", "1: --ttl: no such key; did you mean ttl?"},
    {"chanels: []\n", "1: chanels: no such key; did you mean channels?"},
    {"colour: red\n", "1: colour: no such key" NAMES},
    {"'': red\n", "1: : no such key" NAMES},
    {"\"a\\nb\": 1\n", "1: a?b: no such key" NAMES},
    {"config: other.yaml\n", "1: config: not for a file; give it as --config"},
    {"confg: other.yaml\n", "1: confg: no such key" NAMES},
    {"print-settings: true\n", "1: print-settings: not for a file; give it as --print-settings"},
    {"ttl: 1s\nhistory: 1\nttl: 1s\n", "3: ttl: stands on line 1 already"},
    {"listen: a:1\nlisten: b:1\n", "2: listen: stands on line 1 already"},
    {"channels: []\nchannels: []\n", "2: channels: stands on line 1 already"},
    {"? [a]\n: 1\n", "1: a key that is no word; write key: value"},
    {"{a: 1}: 1\nhistory: x\n", "1: a key that is no word; write key: value\n"
                                "2: history: not a whole number; write digits, such as 1000"},
    /* values */
    {"history: many\n", "1: history: not a whole number; write digits, such as 1000"},
    {"history: 0x10\n", "1: history: not a whole number; write digits, such as 1000"},
    {"history: ''\n", "1: history: not a whole number; write digits, such as 1000"},
    {"ttl: 5\n", "1: ttl: not a duration; write a whole number and ms, s, m, h or d, such as 30s, "
                 "10000d at most"},
    {"memory: 1K\n", "1: memory: out of range; write one of at least 1M"},
    {"log-level: loud\n", "1: log-level: write one of debug|info|warn|error"},
    {"engine: redis://a\n",
     "1: engine: there is no such engine; write memory, the only one of this version"},
    {"history:\n", "1: history: no value; write one, or leave the key out"},
    {"history: ~\n", "1: history: no value; write one, or leave the key out"},
    {"history: null\n", "1: history: no value; write one, or leave the key out"},
    {"history\n", "1: not settings; write key: value, such as history: 100"},
    {"history: [1]\n", "1: history: a list; write one value"},
    {"history: {a: [1, {b: 2}]}\nttl: x\n", "1: history: keys and values; write one value\n"
                                            "2: ttl: not a duration; write a whole number and ms, "
                                            "s, m, h or d, such as 30s, 10000d at most"},
    {"listen: here\n", "1: listen: write ADDR:PORT, such as 127.0.0.1:8080 or [::1]:8080"},
    {"listen: []\n", "1: listen: an empty list; write at least one"},
    {"listen: {a: 1}\n", "1: listen: keys and values; write one value"},
    {"listen:\n- a:1\n- [b:1]\n- ~\n",
     "3: listen: a list; write one value\n4: listen: no value; write one, or leave the key out"},
    {"cors-origin:\n- https://a\n- b\n",
     "3: cors-origin: an origin is http:// or https://, a host and perhaps a port, such as "
     "https://app.example.com; or * for all, which may then read"},
    {"listen: \"a\\0b\"\n", "1: listen: a NUL byte; leave it out"},
    /* shapes */
    {"- history: 5\n", "1: not settings; write key: value, such as history: 100"},
    {"history 5\n", "1: not settings; write key: value, such as history: 100"},
    {"history: 5\n---\nttl: 5s\n", "2: a second document begins here (---); write one"},
    {"history: &a 5\n", "1: &a is not read here; write the value where it is wanted"},
    {"history: &a 5\nttl: *a\n",
     "1: &a is not read here; write the value where it is wanted\n"
     "2: *a refers to another place, which is not read here; write the value itself, or text "
     "with a * in front in quotes"},
    {"&a history: 5\n", "1: &a is not read here; write the value where it is wanted"},
    {"&a {history: 5}\n", "1: &a is not read here; write the value where it is wanted"},
    {"listen: &a [b:1]\n", "1: &a is not read here; write the value where it is wanted"},
    {"history: !!int 5\n", "1: a tag (!) is not read here; leave it out"},
    {"history: !x 5\n", "1: a tag (!) is not read here; leave it out"},
    {"cors-origin: *\n", "1: text with a * in front must stand in quotes"},
    {"history: 5\n\tttl: 5s\n", "2: a tab before the text; indent with spaces"},
    {"history: 5\n ttl: 5s\n", "1: history: not a whole number; write digits, such as 1000\n"
                               "2: not YAML: mapping values are not allowed in this context"},
    {"history: 'x\nttl: 5s\n",
     "3: not YAML: while scanning a quoted scalar on line 1, found unexpected end of stream"},
    {"ttl: 5s\n\xff\n", "2: not UTF-8; save the file as UTF-8"},
    {"\xff\xfeh\n", "1: not UTF-8; save the file as UTF-8"},
    {"ttl: 5s\n\x01\n", "2: not YAML: control characters are not allowed"},
    /* channels */
    {"channels: 5\n", "1: channels: not a list; write rules such as - {match: NAME, history: N}"},
    {"channels:\n", "1: channels: not a list; write rules such as - {match: NAME, history: N}"},
    {"channels: {match: a}\n",
     "1: channels: not a list; write rules such as - {match: NAME, history: N}"},
    {"channels: [a]\n", "1: channels: a rule is {match: NAME, history: N}, with any of history, "
                        "history-bytes and ttl"},
    {"channels:\n- history: 5\n", "2: channels: a rule without match; name a channel, or the "
                                  "beginning of names and a *"},
    {"channels:\n- match: a\n  histroy: 5\n", "3: histroy: no such key; did you mean history?"},
    {"channels:\n- match: a\n  colour: 5\n",
     "3: colour: no such key; a rule has match, history, history-bytes and ttl"},
    {"channels:\n- match: a\n  ttl: 5\n", "3: ttl: not a duration; write a whole number and ms, s, "
                                          "m, h or d, such as 30s, 10000d at most"},
    {"channels:\n- match: a\n  match: b\n", "3: match: stands on line 2 already"},
    {"channels:\n- match: b*\n- match: a\n- match: b*\n",
     "4: channels: match b* stands on line 2 already"},
    {"channels:\n- match: '@me'\n", "2: match: " CHANNEL},
    {"channels:\n- match: ''\n", "2: match: " CHANNEL},
    {"channels:\n- match: \"a\\tb\"\n", "2: match: " CHANNEL},
    {"channels:\n- match: a*b\n",
     "2: match: a prefix is the beginning of a channel's name and one * at its end"},
    {"channels:\n- match: '@*'\n",
     "2: match: a prefix is the beginning of a channel's name and one * at its end"},
    {"channels:\n- match: *\n", "2: text with a * in front must stand in quotes"},
    {"channels:\n- &a {match: a}\n- *a\n",
     "2: &a is not read here; write the value where it is wanted\n"
     "3: *a refers to another place, which is not read here; write the value itself, or text "
     "with a * in front in quotes"},
};

/* The lines as they are to come. */
static void expect(const struct bad_file *file, struct buf *out)
{
    struct span rest = span_from(file->says);
    while (rest.n) {
        struct span line = span_cut(&rest, '\n');
        assert_ok(buf_printf(out, "f.yaml:%.*s\n", (int)line.n, line.p));
    }
    assert_ok(buf_append(out, "", 1));
}

static void what_is_wrong_is_told_with_its_line_and_what_would_be_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_files / sizeof *bad_files; i++) {
        struct buf wrongs, expected;
        buf_init(&expected, SETTINGS_WRONGS_MAX);
        expect(&bad_files[i], &expected);
        assert_null(parse(bad_files[i].text, strlen(bad_files[i].text), &wrongs));
        assert_ok(buf_append(&wrongs, "", 1));
        assert_string_equal(wrongs.data, expected.data);
        buf_fini(&wrongs);
        buf_fini(&expected);
    }
}

static size_t count_lines(const struct buf *text)
{
    size_t count = 0;
    for (size_t i = 0; i < text->len; i++)
        count += text->data[i] == '\n';
    return count;
}

static void of_many_wrongs_twenty_are_told(void **state)
{
    (void)state;
    for (int wrong = CONFIG_WRONGS_MAX - 1; wrong <= CONFIG_WRONGS_MAX + 5; wrong++) {
        struct buf text, wrongs;
        buf_init(&text, 4096);
        for (int i = 0; i < wrong; i++)
            assert_ok(buf_printf(&text, "wrong-%d: 1\n", i));
        assert_null(parse(text.data, text.len, &wrongs));
        assert_int_equal(count_lines(&wrongs),
                         wrong <= CONFIG_WRONGS_MAX ? wrong : CONFIG_WRONGS_MAX + 1);
        buf_fini(&text);
        buf_fini(&wrongs);
    }
}

static void rules_are_at_most_ten_thousand(void **state)
{
    (void)state;
    struct buf text, wrongs;
    buf_init(&text, CONFIG_BYTES_MAX);
    assert_ok(buf_printf(&text, "channels:\n"));
    for (int i = 0; i < CONFIG_RULES_MAX; i++)
        assert_ok(buf_printf(&text, "- {match: \"a%d*\", history: %d}\n", i, i));
    struct settings *settings = parse(text.data, text.len, &wrongs);
    assert_non_null(settings);
    assert_int_equal(settings->rule_count, CONFIG_RULES_MAX);
    assert_int_equal(settings->rules[9999].history, 9999);
    settings_unref(settings);
    assert_ok(buf_printf(&text, "- {match: b}\n"));
    assert_null(parse(text.data, text.len, &wrongs));
    assert_ok(buf_append(&wrongs, "", 1));
    assert_string_equal(wrongs.data, "f.yaml:10002: channels: more than 10000 rules; give some a "
                                     "common beginning\n");
    buf_fini(&wrongs);
    buf_fini(&text);
}

static void nobody_nests_as_deep_as_libyaml_would_have_to_look(void **state)
{
    (void)state;
    struct buf text, wrongs;
    buf_init(&text, CONFIG_BYTES_MAX);
    assert_ok(buf_printf(&text, "history: "));
    while (text.len < CONFIG_BYTES_MAX)
        assert_ok(buf_append(&text, "[", 1));
    assert_null(parse(text.data, text.len, &wrongs));
    assert_ok(buf_append(&wrongs, "", 1));
    assert_string_equal(wrongs.data, "f.yaml:1: history: a list; write one value\n"
                                     "f.yaml:1: nested deeper than settings are\n");
    buf_fini(&wrongs);
    buf_fini(&text);
}

/* ---- files ---- */

static char folder[] = "/tmp/freshet-config-XXXXXX";

static void expect_of_file(const char *name, const char *says)
{
    char path[128], line[256];
    struct buf wrongs;
    buf_init(&wrongs, SETTINGS_WRONGS_MAX);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char flag[192], *arguments[] = {flag};
    snprintf(flag, sizeof flag, "--config=%s", path);
    assert_null(settings_read(1, arguments, &wrongs));
    assert_ok(buf_append(&wrongs, "", 1));
    snprintf(line, sizeof line, "%s: %s\n", path, says);
    assert_string_equal(wrongs.data, line);
    buf_fini(&wrongs);
}

static void write_file(const char *name, const char *text, size_t times)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < times; i++)
        fputs(text, file);
    fclose(file);
}

static void remove_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

static void files_that_cannot_be_read_are_told(void **state)
{
    (void)state;
    char path[128];
    assert_non_null(mkdtemp(folder));
    expect_of_file("none", "there is no such file");
    expect_of_file("", "a directory; name the file in it");
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_of_file("pipe", "not a regular file; name one");
    remove_file("pipe");
    write_file("large", "# 1234567890123\n", (1 << 16) + 1);
    expect_of_file("large", "larger than 1M, which no settings are; is it another file?");
    remove_file("large");
    if (getuid() != 0) {
        write_file("closed", "", 1);
        snprintf(path, sizeof path, "%s/closed", folder);
        assert_int_equal(chmod(path, 0), 0);
        expect_of_file("closed", "this user may not read it");
        remove_file("closed");
    }
    rmdir(folder);
}

static void the_file_is_below_variables_and_flags(void **state)
{
    (void)state;
    char name[] = "/tmp/freshet-config-XXXXXX", *arguments[] = {"--ttl=3s", "--listen=c:1"};
    struct buf wrongs;
    buf_init(&wrongs, SETTINGS_WRONGS_MAX);
    int fd = mkstemp(name);
    const char text[] = "history: 1\nttl: 1s\nretry: 1s\nlisten: [a:1, b:1]\n"
                        "cors-origin: [http://a, http://b]\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    setenv("FRESHET_CONFIG", name, 1);
    setenv("FRESHET_TTL", "2s", 1);
    setenv("FRESHET_RETRY", "2s", 1);
    setenv("FRESHET_CORS_ORIGIN", "http://c", 1);
    struct settings *settings = settings_read(2, arguments, &wrongs);
    assert_non_null(settings);
    assert_int_equal(settings->keepalive, 30000);
    assert_int_equal(settings->history, 1);
    assert_int_equal(settings->retry, 2000);
    assert_int_equal(settings->ttl, 3000);
    assert_int_equal(settings->listen.count, 1);
    assert_string_equal(settings->listen.texts[0], "c:1");
    assert_int_equal(settings->origins.count, 1);
    assert_string_equal(settings->origins.texts[0], "http://c");
    settings_unref(settings);
    unsetenv("FRESHET_CONFIG");
    unsetenv("FRESHET_TTL");
    unsetenv("FRESHET_RETRY");
    unsetenv("FRESHET_CORS_ORIGIN");
    remove(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_the_names_of_flags),
        cmocka_unit_test(a_file_may_say_nothing),
        cmocka_unit_test(channels_have_rules_of_their_own),
        cmocka_unit_test(an_empty_list_is_none),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line_and_what_would_be_right),
        cmocka_unit_test(of_many_wrongs_twenty_are_told),
        cmocka_unit_test(rules_are_at_most_ten_thousand),
        cmocka_unit_test(nobody_nests_as_deep_as_libyaml_would_have_to_look),
        cmocka_unit_test(files_that_cannot_be_read_are_told),
        cmocka_unit_test(the_file_is_below_variables_and_flags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
