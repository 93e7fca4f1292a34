/* Keys and values of the file. Scalars stay text and go the way of flags. */
#include "server/config.h"

#include "base/check.h"
#include "base/utf8.h"
#include "server/config_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- keys and values ---- */

static void take_one(struct config_reader *reader, struct options *options,
                     const struct option_row *row, size_t line)
{
    struct option_origin origin = {.source = OPTION_FILE, .line = (unsigned)line};
    const char *text = config_take_text(reader, row->name);
    if (text && !options_take(options, row, text, origin))
        config_wrong(reader, line, "%s: %s", row->name, options->why);
}

static void take_list(struct config_reader *reader, struct options *options,
                      const struct option_row *row, size_t line)
{
    struct option_origin origin = {.source = OPTION_FILE, .line = (unsigned)line};
    bool empty = true;
    for (; config_next(reader) && !config_is(reader, YAML_SEQUENCE_END_EVENT); empty = false)
        take_one(reader, options, row, config_line(reader));
    if (empty && !reader->over && !options_take_none(options, row, origin))
        config_wrong(reader, line, "%s: %s", row->name, options->why);
    options->origins[row - options->rows] = origin;
}

static bool is_misspelt_channels(struct span name)
{
    static const struct option_row row = {.name = "channels", .kind = OPTION_TEXTS};
    const struct options channels = {.rows = &row, .count = 1};
    return options_nearest(&channels, name);
}

static void tell_no_key(struct config_reader *reader, const struct options *options,
                        struct span name, bool top)
{
    const char *near = options_nearest(options, name);
    const struct option_row *row = near ? options_find(options, span_from(near)) : NULL;
    if (row && row->no_key)
        near = NULL;
    if (!near && top && is_misspelt_channels(name))
        near = "channels";
    if (row && row->no_key && span_equal(name, span_from(row->name)))
        config_wrong(reader, config_line(reader), "%s: not for a file; give it as --%s", row->name,
                     row->name);
    else if (near)
        config_wrong(reader, config_line(reader), "%s: no such key; did you mean %s?",
                     config_shown(name).text, near);
    else
        config_wrong(reader, config_line(reader), "%s: no such key; %s", config_shown(name).text,
                     top ? "freshet serve --help lists them, without their dashes"
                         : "a rule has match, history, history-bytes and ttl");
}

static bool take_channels(struct config_reader *reader);

/* The value of one of the rows. */
static void take_value(struct config_reader *reader, struct options *options,
                       const struct option_row *row, size_t line)
{
    const struct option_origin *origin = &options->origins[row - options->rows];
    if (origin->source == OPTION_FILE) {
        config_wrong(reader, line, "%s: stands on line %u already", row->name, origin->line);
        config_skip(reader);
    } else if (row->kind != OPTION_TEXTS || !config_is(reader, YAML_SEQUENCE_START_EVENT)) {
        take_one(reader, options, row, line);
    } else if (config_is_plain(reader)) {
        take_list(reader, options, row, line);
    } else {
        config_skip(reader);
    }
}

/* A map, from its first event to its last. */
static bool take_map(struct config_reader *reader, struct options *options, bool top)
{
    while (config_next(reader) && !config_is(reader, YAML_MAPPING_END_EVENT)) {
        const struct option_row *row = NULL;
        size_t line = config_line(reader);
        bool good = config_is_plain(reader), channels = false;
        if (good && !config_is(reader, YAML_SCALAR_EVENT)) {
            config_wrong(reader, line, "a key that is no word; write key: value");
        } else if (good) {
            struct span name = config_scalar(reader);
            channels = top && span_equal(name, SPAN("channels"));
            row = options_find(options, name);
            if (!channels && (!row || row->no_key))
                tell_no_key(reader, options, name, top);
        }
        if (!config_skip(reader) ||
            !config_next(reader)) /* the key's end; the value's first event */
            return false;
        if (channels)
            take_channels(reader);
        else if (row && !row->no_key)
            take_value(reader, options, row, line);
        else
            config_skip(reader);
    }
    return !reader->over;
}

/* ---- channels ---- */

static void take_rule(struct config_reader *reader, struct options *options)
{
    struct settings *settings = reader->settings;
    size_t line = config_line(reader);
    struct settings_rule rule = {NULL, SETTINGS_HUBS, SETTINGS_HUBS, SETTINGS_HUBS, (unsigned)line};
    unsigned before = reader->wrong_count;
    if (!config_is_plain(reader)) {
        config_skip(reader);
        return;
    }
    if (!config_is(reader, YAML_MAPPING_START_EVENT)) {
        config_wrong(reader, line,
                     "channels: a rule is {match: NAME, history: N}, with any of history, "
                     "history-bytes and ttl");
        config_skip(reader);
        return;
    }
    options->values = &rule;
    memset(options->origins, 0, options->count * sizeof *options->origins);
    if (!take_map(reader, options, false))
        return;
    if (!rule.match && reader->wrong_count == before)
        config_wrong(reader, line,
                     "channels: a rule without match; name a channel, or the beginning of "
                     "names and a *");
    if (settings->rule_count == CONFIG_RULES_MAX) {
        config_wrong(reader, line, "channels: more than %d rules; give some a common beginning",
                     CONFIG_RULES_MAX);
        reader->over = true;
        return;
    }
    if (!(settings->rule_count & (settings->rule_count - 1))) /* as many again */
        settings->rules = memory_resize(
            settings->rules, (settings->rule_count ? 2 * settings->rule_count : 1) * sizeof rule);
    settings->rules[settings->rule_count++] = rule;
}

static int compare_rules(const void *a, const void *b)
{
    const struct settings_rule *one = a, *other = b;
    int order = strcmp(one->match ? one->match : "", other->match ? other->match : "");
    return order ? order : (one->line > other->line) - (one->line < other->line);
}

static void check_rules(struct config_reader *reader)
{
    const struct settings *settings = reader->settings;
    size_t count = settings->rule_count;
    if (count < 2)
        return;
    struct settings_rule *sorted = memory_new(count * sizeof *sorted);
    memcpy(sorted, settings->rules, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_rules);
    for (size_t i = 1; i < count && !reader->over; i++)
        if (sorted[i].match && sorted[i - 1].match &&
            strcmp(sorted[i].match, sorted[i - 1].match) == 0)
            config_wrong(reader, sorted[i].line, "channels: match %s stands on line %u already",
                         config_shown(span_from(sorted[i].match)).text, sorted[i - 1].line);
    free(sorted);
}

static bool take_channels(struct config_reader *reader)
{
    struct options options = {0};
    size_t line = config_line(reader);
    if (reader->channels_line) {
        config_wrong(reader, line, "channels: stands on line %u already", reader->channels_line);
        return config_skip(reader);
    }
    reader->channels_line = (unsigned)line;
    if (!config_is_plain(reader))
        return config_skip(reader);
    if (!config_is(reader, YAML_SEQUENCE_START_EVENT)) {
        config_wrong(reader, line,
                     "channels: not a list; write rules such as - {match: NAME, history: N}");
        return config_skip(reader);
    }
    options_init(&options, settings_rule_rows, settings_rule_row_count, NULL);
    while (config_next(reader) && !config_is(reader, YAML_SEQUENCE_END_EVENT))
        take_rule(reader, &options);
    options_fini(&options);
    return !reader->over;
}

/* ---- the file ---- */

static void take_document(struct config_reader *reader)
{
    bool scalar = config_is(reader, YAML_SCALAR_EVENT);
    if (!config_is_plain(reader) || (scalar && config_is_null(reader))) {
        config_skip(reader);
    } else if (config_is(reader, YAML_MAPPING_START_EVENT)) {
        take_map(reader, &reader->settings->options, true);
    } else {
        config_wrong(reader, config_line(reader),
                     "not settings; write key: value, such as history: 100");
        config_skip(reader);
    }
}

static void take_stream(struct config_reader *reader)
{
    unsigned documents = 0;
    while (config_next(reader) && !config_is(reader, YAML_STREAM_END_EVENT)) {
        if (config_is(reader, YAML_STREAM_START_EVENT) ||
            config_is(reader, YAML_DOCUMENT_END_EVENT))
            continue;
        if (documents++) {
            config_wrong(reader, config_line(reader),
                         "a second document begins here (---); write one");
            return;
        }
        if (config_next(reader))
            take_document(reader);
    }
}

/* The first line that is not UTF-8; 0: all are. */
static size_t bad_line(struct span bytes)
{
    for (size_t line = 1; bytes.n; line++)
        if (!utf8_valid(span_cut(&bytes, '\n')))
            return line;
    return 0;
}

bool config_parse(struct settings *settings, const char *path, struct span bytes,
                  struct buf *wrongs)
{
    struct config_reader reader = {
        .settings = settings, .path = path, .bytes = bytes, .wrongs = wrongs};
    size_t line = bad_line(bytes);
    if (line) {
        config_wrong(&reader, line, "not UTF-8; save the file as UTF-8");
        return false;
    }
    config_reader_init(&reader);
    take_stream(&reader);
    check_rules(&reader);
    config_reader_fini(&reader);
    return reader.wrong_count == 0;
}

/* What keeps it from being read, in words; NULL: its bytes are in `bytes`. */
static const char *load(const char *path, struct buf *bytes)
{
    struct stat about;
    ssize_t n = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT   ? "there is no such file"
               : errno == EACCES ? "this user may not read it"
                                 : "the system cannot open it";
    const char *why = fstat(fd, &about) != 0    ? "the system cannot read it"
                      : S_ISDIR(about.st_mode)  ? "a directory; name the file in it"
                      : !S_ISREG(about.st_mode) ? "not a regular file; name one"
                                                : NULL;
    while (!why && n > 0) {
        if (bytes->len > CONFIG_BYTES_MAX || buf_reserve(bytes, 4096)) {
            why = "larger than 1M, which no settings are; is it another file?";
            break;
        }
        n = read(fd, bytes->data + bytes->len, 4096);
        if (n > 0)
            bytes->len += (size_t)n;
        else if (n < 0 && errno != EINTR)
            why = "the system cannot read it";
    }
    close(fd);
    return why;
}

bool config_read(struct settings *settings, const char *path, struct buf *wrongs)
{
    struct buf bytes;
    buf_init(&bytes, CONFIG_BYTES_MAX + 8192);
    const char *why = load(path, &bytes);
    bool good = !why && config_parse(settings, path, buf_span(&bytes), wrongs);
    if (why)
        (void)buf_printf(wrongs, "%s: %s\n", path, why);
    buf_fini(&bytes);
    return good;
}
