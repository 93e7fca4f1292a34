/* Events, values, and words for what is wrong. */
#include "server/config_reader.h"

#include "base/check.h"
#include "server/config.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    SHOWN_MAX = 64, /* bytes of a text in a message */
    DEPTH_MAX = 16, /* libyaml takes longer and longer for each further one */
};

void config_reader_init(struct config_reader *reader)
{
    CHECK(yaml_parser_initialize(&reader->parser));
    yaml_parser_set_input_string(&reader->parser, (const unsigned char *)reader->bytes.p,
                                 reader->bytes.n);
    yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
}

void config_reader_fini(struct config_reader *reader)
{
    yaml_event_delete(&reader->event);
    yaml_parser_delete(&reader->parser);
}

/* ---- telling ---- */

void config_wrong(struct config_reader *reader, size_t line, const char *format, ...)
{
    char place[32] = "", what[OPTIONS_WHY_MAX + 2 * SHOWN_MAX];
    va_list args;
    if (reader->wrong_count++ == CONFIG_WRONGS_MAX) {
        reader->over = true;
        (void)buf_printf(reader->wrongs, "%s: and more\n", reader->path);
    }
    if (reader->wrong_count > CONFIG_WRONGS_MAX)
        return;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    for (char *c = what; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    if (line)
        snprintf(place, sizeof place, ":%zu", line);
    (void)buf_printf(reader->wrongs, "%s%s: %s\n", reader->path, place, what);
}

size_t config_line(const struct config_reader *reader)
{
    return reader->event.start_mark.line + 1;
}

struct config_shown config_shown(struct span text)
{
    struct config_shown out;
    size_t n = text.n < SHOWN_MAX ? text.n : SHOWN_MAX;
    while (n < text.n && n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
        n--; /* whole letters */
    snprintf(out.text, sizeof out.text, "%.*s%s", (int)n, text.p, n < text.n ? "…" : "");
    return out;
}

/* Where the parser stumbled; its reader counts bytes, all others lines. */
static size_t problem_line(const struct config_reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    size_t line = parser->problem_mark.line + 1;
    if (parser->error != YAML_READER_ERROR)
        return line;
    line = 1;
    for (size_t i = 0; i < parser->problem_offset && i < reader->bytes.n; i++)
        line += reader->bytes.p[i] == '\n';
    return line;
}

static bool begins_with_a_tab(struct span bytes, size_t line)
{
    struct span text = {0};
    while (line--)
        text = span_cut(&bytes, '\n');
    while (text.n && *text.p == ' ')
        text = (struct span){text.p + 1, text.n - 1};
    return text.n && *text.p == '\t';
}

/* Libyaml's words, and for what people do most, better ones. */
static void tell_syntax(struct config_reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *context = parser->context ? parser->context : "";
    size_t line = problem_line(reader);
    if (begins_with_a_tab(reader->bytes, line))
        config_wrong(reader, line, "a tab before the text; indent with spaces");
    else if (strcmp(context, "while scanning an alias") == 0)
        config_wrong(reader, line, "text with a * in front must stand in quotes");
    else if (*context && parser->context_mark.line != parser->problem_mark.line)
        config_wrong(reader, line, "not YAML: %s on line %zu, %s", context,
                     parser->context_mark.line + 1, parser->problem);
    else
        config_wrong(reader, line, "not YAML: %s",
                     parser->problem ? parser->problem : "it cannot be read");
}

/* ---- events ---- */

bool config_is(const struct config_reader *reader, yaml_event_type_t type)
{
    return reader->event.type == type;
}

static int depth_change(const struct config_reader *reader)
{
    switch (reader->event.type) {
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        return 1;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        return -1;
    default:
        return 0;
    }
}

bool config_next(struct config_reader *reader)
{
    yaml_event_delete(&reader->event);
    if (reader->over)
        return false;
    if (!yaml_parser_parse(&reader->parser, &reader->event))
        tell_syntax(reader);
    else if ((reader->depth += depth_change(reader)) > DEPTH_MAX)
        config_wrong(reader, config_line(reader), "nested deeper than settings are");
    else
        return true;
    reader->over = true;
    return false;
}

bool config_skip(struct config_reader *reader)
{
    int end = reader->depth - (depth_change(reader) > 0);
    while (reader->depth > end)
        if (!config_next(reader))
            return false;
    return true;
}

bool config_is_plain(struct config_reader *reader)
{
    const yaml_event_t *event = &reader->event;
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (config_is(reader, YAML_SCALAR_EVENT)) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (config_is(reader, YAML_SEQUENCE_START_EVENT)) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (config_is(reader, YAML_MAPPING_START_EVENT)) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (config_is(reader, YAML_ALIAS_EVENT))
        config_wrong(
            reader, config_line(reader),
            "*%s refers to another place, which is not read here; write the value itself, or text "
            "with a * in front in quotes",
            config_shown(span_from((const char *)event->data.alias.anchor)).text);
    else if (anchor)
        config_wrong(reader, config_line(reader),
                     "&%s is not read here; write the value where it is wanted",
                     config_shown(span_from((const char *)anchor)).text);
    else if (tag)
        config_wrong(reader, config_line(reader), "a tag (!) is not read here; leave it out");
    else
        return true;
    return false;
}

struct span config_scalar(const struct config_reader *reader)
{
    return (struct span){(const char *)reader->event.data.scalar.value,
                         reader->event.data.scalar.length};
}

bool config_is_null(const struct config_reader *reader)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    bool null = false;
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        null |= span_equal(config_scalar(reader), span_from(nulls[i]));
    return null && reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

const char *config_take_text(struct config_reader *reader, const char *key)
{
    size_t line = config_line(reader);
    if (!config_is_plain(reader)) {
        config_skip(reader);
    } else if (config_is(reader, YAML_SEQUENCE_START_EVENT)) {
        config_wrong(reader, line, "%s: a list; write one value", key);
        config_skip(reader);
    } else if (!config_is(reader, YAML_SCALAR_EVENT)) {
        config_wrong(reader, line, "%s: keys and values; write one value", key);
        config_skip(reader);
    } else if (config_is_null(reader)) {
        config_wrong(reader, line, "%s: no value; write one, or leave the key out", key);
    } else {
        struct span text = config_scalar(reader);
        if (!memchr(text.p, '\0', text.n))
            return options_keep(&reader->settings->options, text);
        config_wrong(reader, line, "%s: a NUL byte; leave it out", key);
    }
    return NULL;
}
