/* What people read of options: names, ranges, values, help. */
#include "base/options.h"
#include "base/units.h"

#include <stdio.h>

enum { HELP_COLUMN = 30, HELP_WIDTH = 100 };

/* ---- names ---- */

struct option_variable option_variable(const struct option_row *row)
{
    struct option_variable out = {""};
    if (row->kind == OPTION_HEADING || (row->variable && !*row->variable))
        return out;
    snprintf(out.text, sizeof out.text, "%s%s", row->variable ? "" : "FRESHET_",
             row->variable ? row->variable : row->name);
    for (char *c = out.text; *c && !row->variable; c++)
        *c = (char)(*c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    return out;
}

/* How many letters must be put in, taken out or changed to make one of the other, up to 3. */
static unsigned distance(struct span a, struct span b, unsigned most)
{
    while (a.n && b.n && *a.p == *b.p)
        a.p++, a.n--, b.p++, b.n--;
    if (!a.n || !b.n || !most)
        return (unsigned)(a.n + b.n) <= most ? (unsigned)(a.n + b.n) : a.n || b.n ? most + 1 : 0;
    struct span a1 = {a.p + 1, a.n - 1}, b1 = {b.p + 1, b.n - 1};
    unsigned least = distance(a1, b1, most - 1), other = distance(a1, b, most - 1);
    least = other < least ? other : least;
    other = distance(a, b1, most - 1);
    least = other < least ? other : least;
    if (a.n > 1 && b.n > 1 && a.p[0] == b.p[1] && a.p[1] == b.p[0]) { /* two changed places */
        other =
            distance((struct span){a.p + 2, a.n - 2}, (struct span){b.p + 2, b.n - 2}, most - 1);
        least = other < least ? other : least;
    }
    return least + 1;
}

const char *options_nearest(const struct options *options, struct span name)
{
    const char *nearest = NULL;
    unsigned least = name.n < 4 ? 2 : 3; /* above what counts as a slip */
    for (size_t i = 0; i < options->count; i++) {
        if (options->rows[i].kind == OPTION_HEADING)
            continue;
        unsigned far = distance(name, span_from(options->rows[i].name), least - 1);
        if (far < least) {
            least = far;
            nearest = options->rows[i].name;
        }
    }
    return nearest;
}

/* ---- values ---- */

static enum error print_number(enum option_kind kind, uint64_t value, struct buf *out)
{
    static const struct unit {
        uint64_t factor;
        const char *name;
    } sizes[] = {{1 << 30, "G"}, {1 << 20, "M"}, {1 << 10, "K"}, {1, ""}},
      durations[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}},
      counts[] = {{1, ""}};
    const struct unit *unit = kind == OPTION_SIZE       ? sizes
                              : kind == OPTION_DURATION ? durations
                                                        : counts;
    while (unit->factor > 1 && (value == 0 || value % unit->factor))
        unit++;
    return buf_printf(out, "%llu%s", (unsigned long long)(value / unit->factor), unit->name);
}

struct option_range option_range(const struct option_row *row)
{
    struct option_range range = {""};
    struct buf text;
    if (row->kind == OPTION_TEXTS) {
        if (row->most)
            snprintf(range.text, sizeof range.text, "at most %llu times",
                     (unsigned long long)row->most);
        return range;
    }
    buf_init(&text, sizeof range.text - 1);
    enum error error = OK;
    if (row->least)
        error = buf_printf(&text, row->most ? "from " : "of at least ");
    if (row->least && !error)
        error = print_number(row->kind, row->least, &text);
    if (row->most && !error)
        error = buf_printf(&text, row->least ? " to " : "of at most ");
    if (row->most && !error)
        error = print_number(row->kind, row->most, &text);
    if (!error)
        memcpy(range.text, buf_span(&text).p, text.len);
    buf_fini(&text);
    return range;
}

static enum error print_texts(const struct option_texts *texts, struct buf *out)
{
    enum error error = texts->count ? OK : buf_printf(out, "none");
    for (size_t i = 0; i < texts->count && !error; i++)
        error = buf_printf(out, "%s%s", i ? ", " : "", texts->texts[i]);
    return error;
}

enum error option_print(const struct options *options, const struct option_row *row,
                        struct buf *out)
{
    const void *value = (const char *)options->values + row->offset;
    switch (row->kind) {
    case OPTION_HEADING:
        return OK;
    case OPTION_SWITCH:
        return buf_printf(out, "%s", *(const bool *)value ? "true" : "false");
    case OPTION_CHOICE: {
        struct span rest = span_from(row->choices), choice = span_cut(&rest, '|');
        for (unsigned i = *(const unsigned *)value; i; i--)
            choice = span_cut(&rest, '|');
        return buf_append(out, choice.p, choice.n);
    }
    case OPTION_TEXT:
        return buf_printf(out, "%s",
                          *(const char *const *)value ? *(const char *const *)value : "none");
    case OPTION_TEXTS:
        return print_texts(value, out);
    case OPTION_COUNT:
    case OPTION_SIZE:
    case OPTION_DURATION:
        break;
    }
    return print_number(row->kind, *(const uint64_t *)value, out);
}

/* ---- help ---- */

/* Words of a text behind the column, on as many lines as they need. */
static enum error write_wrapped(struct buf *out, size_t column, struct span text)
{
    enum error error = OK;
    while (text.n && !error) {
        struct span word = span_cut(&text, ' ');
        if (column + 1 + word.n > HELP_WIDTH) {
            error = buf_printf(out, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        if (!error)
            error = buf_printf(out, " %.*s", (int)word.n, word.p);
        column += 1 + word.n;
    }
    return error ? error : buf_printf(out, "\n");
}

static enum error write_row(const struct option_row *row, struct buf *out)
{
    char flag[96], help[512];
    const char *initial = row->kind == OPTION_SWITCH ? NULL : row->initial;
    snprintf(flag, sizeof flag, "  --%s%s%s", row->name, row->shown ? " " : "",
             row->shown ? row->shown : "");
    int n = snprintf(help, sizeof help, "%s%s", row->help,
                     row->kind == OPTION_TEXTS ? "; may be repeated" : "");
    if (initial && n > 0 && (size_t)n < sizeof help)
        snprintf(help + n, sizeof help - (size_t)n, " [%s]", initial);
    enum error error = buf_printf(out, "%-*s", HELP_COLUMN, flag);
    size_t column = strlen(flag) > HELP_COLUMN ? HELP_WIDTH : HELP_COLUMN;
    return error ? error : write_wrapped(out, column, span_from(help));
}

enum error options_write_help(const struct option_row *rows, size_t count, struct buf *out)
{
    enum error error = OK;
    for (size_t i = 0; i < count && !error; i++)
        error = rows[i].kind == OPTION_HEADING
                    ? buf_printf(out, "%s%s:\n", i ? "\n" : "", rows[i].help)
                    : write_row(&rows[i], out);
    return error;
}
