/* What is in force, as YAML: a line a setting, with where it comes from behind it. Made twice, the
 * first time to see how wide the lines are. */
#include "base/utf8.h"
#include "server/settings.h"

enum { WIDTH_MAX = 48 /* wider lines do not move the comments of all others */ };

struct printer {
    const struct settings *settings;
    struct buf *out;
    size_t widest; /* of the lines so far */
};

/* ---- texts ---- */

/* Whether YAML takes it for the same text without quotes, in a list too. */
static bool is_bare(struct span text)
{
    static const char *const nulls[] = {"null", "Null", "NULL"};
    bool bare = text.n && text.p[text.n - 1] != ':';
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bare &= letter || (i ? c && strchr("._/:@-", c) : c == '/');
    }
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        bare &= !span_equal(text, span_from(nulls[i]));
    return bare;
}

/* Whether it may stand as it is in quotes: printable as YAML has it, and no line break. */
static bool is_clear(uint32_t code)
{
    return code >= 0x20 && (code < 0x7f || code >= 0xa0) && code != 0x2028 && code != 0x2029 &&
           code != 0xfeff && code != 0xfffe && code != 0xffff;
}

static enum error print_text(struct buf *out, struct span text)
{
    if (is_bare(text))
        return buf_append(out, text.p, text.n);
    enum error error = buf_append(out, "\"", 1);
    while (text.n && !error) {
        uint32_t code = '?';
        size_t n = utf8_next(text, &code);
        if (code == '"' || code == '\\')
            error = buf_printf(out, "\\%c", (char)code);
        else
            error = n && is_clear(code) ? buf_append(out, text.p, n)
                                        : buf_printf(out, "\\U%08X", (unsigned)code);
        n = n ? n : 1;
        text = (struct span){text.p + n, text.n - n};
    }
    return error ? error : buf_append(out, "\"", 1);
}

/* For a comment: what could end or spoil it is '?'. */
static enum error print_plainly(struct buf *out, struct span text)
{
    enum error error = OK;
    while (text.n && !error) {
        uint32_t code = 0;
        size_t n = utf8_next(text, &code);
        error = n && is_clear(code) ? buf_append(out, text.p, n) : buf_append(out, "?", 1);
        n = n ? n : 1;
        text = (struct span){text.p + n, text.n - n};
    }
    return error;
}

/* ---- values ---- */

static enum error print_texts(struct buf *out, const struct option_texts *texts)
{
    enum error error = buf_append(out, "[", 1);
    for (size_t i = 0; i < texts->count && !error; i++) {
        error = i ? buf_append(out, ", ", 2) : OK;
        if (!error)
            error = print_text(out, span_from(texts->texts[i]));
    }
    return error ? error : buf_append(out, "]", 1);
}

static enum error print_value(struct buf *out, const struct options *options,
                              const struct option_row *row)
{
    const char *value = (const char *)options->values + row->offset;
    enum error error = buf_printf(out, "%s: ", row->name);
    if (error)
        return error;
    if (row->kind == OPTION_TEXTS)
        return print_texts(out, (const void *)value);
    if (row->kind == OPTION_TEXT)
        return print_text(out, span_from(*(const char *const *)(const void *)value));
    return option_print(options, row, out);
}

static enum error print_place(struct buf *out, const struct settings *settings, unsigned line)
{
    enum error error = print_plainly(out, span_from(settings->config));
    return error ? error : buf_printf(out, ":%u", line);
}

enum error settings_print_origin(const struct settings *settings, const struct option_row *row,
                                 struct buf *out)
{
    const struct option_origin *origin = &settings->options.origins[row - settings_rows];
    switch (origin->source) {
    case OPTION_FILE:
        return print_place(out, settings, origin->line);
    case OPTION_VARIABLE:
        return buf_printf(out, "%s", option_variable(row).text);
    case OPTION_FLAG:
        return buf_printf(out, "--%s", row->name);
    case OPTION_DEFAULT:
        break;
    }
    return buf_printf(out, "default");
}

/* ---- lines ---- */

/* What stands in front of a line's comment is in `line`, which this frees. */
static enum error begin_comment(struct printer *printer, struct buf *line, enum error error)
{
    size_t wide = line->len <= WIDTH_MAX ? line->len : 0;
    if (wide > printer->widest)
        printer->widest = wide;
    if (!error)
        error = buf_printf(printer->out, "%-*.*s  # ", (int)printer->widest, (int)line->len,
                           buf_span(line).p);
    buf_fini(line);
    return error;
}

static enum error print_row(struct printer *printer, const struct option_row *row)
{
    const struct settings *settings = printer->settings;
    struct buf line;
    if (row->kind == OPTION_HEADING)
        return buf_printf(printer->out, "%s# %s\n", printer->out->len ? "\n" : "", row->help);
    if (row->no_key && (row->kind == OPTION_SWITCH || !settings->config))
        return OK; /* what only this run was told */
    buf_init(&line, printer->out->max);
    enum error error = row->no_key ? buf_append(&line, "# ", 2) : OK;
    if (!error)
        error = print_value(&line, &settings->options, row);
    error = begin_comment(printer, &line, error);
    if (!error)
        error = settings_print_origin(settings, row, printer->out);
    return error ? error : buf_append(printer->out, "\n", 1);
}

static enum error print_rule(struct printer *printer, struct settings_rule *rule)
{
    const struct options options = {
        .rows = settings_rule_rows, .count = settings_rule_row_count, .values = rule};
    struct buf line;
    buf_init(&line, printer->out->max);
    enum error error = buf_append(&line, "  - ", 4);
    if (!error)
        error = print_value(&line, &options, &settings_rule_rows[0]); /* match */
    error = begin_comment(printer, &line, error);
    if (!error)
        error = print_place(printer->out, printer->settings, rule->line);
    for (size_t i = 1; i < settings_rule_row_count && !error; i++) {
        const struct option_row *row = &settings_rule_rows[i];
        if (*(uint64_t *)(void *)((char *)rule + row->offset) == SETTINGS_HUBS)
            continue;
        error = buf_append(printer->out, "\n    ", 5);
        if (!error)
            error = print_value(printer->out, &options, row);
    }
    return error ? error : buf_append(printer->out, "\n", 1);
}

static enum error print_all(struct printer *printer)
{
    const struct settings *settings = printer->settings;
    enum error error = OK;
    for (size_t i = 0; i < settings_row_count && !error; i++)
        error = print_row(printer, &settings_rows[i]);
    if (settings->rule_count && !error)
        error = buf_printf(printer->out, "\n# By channel\nchannels:\n");
    for (size_t i = 0; i < settings->rule_count && !error; i++)
        error = print_rule(printer, &settings->rules[i]);
    return error;
}

enum error settings_print(const struct settings *settings, struct buf *out)
{
    struct printer printer = {.settings = settings, .out = out};
    enum error error = print_all(&printer);
    buf_fini(out);
    return error ? error : print_all(&printer);
}
