/* Options: values from texts. Help and names are in options_text.c. */
#include "base/options.h"

#include "base/check.h"
#include "base/units.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((format(printf, 2, 3))) static bool wrong(struct options *options, const char *format,
                                                        ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(options->why, sizeof options->why, format, args);
    va_end(args);
    return false;
}

static void *value_of(const struct options *options, const struct option_row *row)
{
    return (char *)options->values + row->offset;
}

void options_init(struct options *options, const struct option_row *rows, size_t count,
                  void *values)
{
    *options = (struct options){.rows = rows, .count = count, .values = values};
    options->origins = memory_new(count * sizeof *options->origins);
    for (size_t i = 0; i < count; i++)
        if (rows[i].initial)
            CHECK(options_take(options, &rows[i], rows[i].initial, (struct option_origin){0}));
}

void options_fini(struct options *options)
{
    for (size_t i = 0; i < options->kept_count; i++)
        free(options->kept[i]);
    free(options->kept);
    free(options->origins);
    *options = (struct options){0};
}

char *options_keep(struct options *options, struct span text)
{
    char *copy = memory_new(text.n + 1);
    if (text.n)
        memcpy(copy, text.p, text.n);
    options->kept = memory_resize(options->kept, (options->kept_count + 1) * sizeof *options->kept);
    options->kept[options->kept_count++] = copy;
    return copy;
}

const struct option_row *options_find(const struct options *options, struct span name)
{
    for (size_t i = 0; i < options->count; i++)
        if (options->rows[i].kind != OPTION_HEADING &&
            span_equal(name, span_from(options->rows[i].name)))
            return &options->rows[i];
    return NULL;
}

/* ---- one value ---- */

static bool take_number(struct options *options, const struct option_row *row, struct span text)
{
    uint64_t *value = value_of(options, row), number = 0;
    switch (row->kind) {
    case OPTION_SIZE:
        if (size_parse(text, &number))
            return wrong(options, "%s", error_text(ERROR_SIZE_SYNTAX));
        break;
    case OPTION_DURATION:
        if (duration_parse(text, &number))
            return wrong(options, "%s", error_text(ERROR_DURATION_SYNTAX));
        break;
    default:
        if (!number_parse(text, UINT64_C(1000000000000), &number))
            return wrong(options, "not a whole number; write digits, such as 1000");
    }
    if (number < row->least || (row->most && number > row->most))
        return wrong(options, "out of range; write one %s", option_range(row).text);
    *value = number;
    return true;
}

static bool take_switch(struct options *options, const struct option_row *row, struct span text)
{
    bool *value = value_of(options, row);
    bool on = span_equal(text, SPAN("true")) || span_equal(text, SPAN("1"));
    if (!on && !span_equal(text, SPAN("false")) && !span_equal(text, SPAN("0")))
        return wrong(options, "this is true or false");
    *value = on;
    return true;
}

static bool take_choice(struct options *options, const struct option_row *row, struct span text)
{
    unsigned *value = value_of(options, row), which = 0;
    for (struct span rest = span_from(row->choices); rest.n; which++)
        if (span_equal(text, span_cut(&rest, '|'))) {
            *value = which;
            return true;
        }
    return wrong(options, "write one of %s", row->choices);
}

static bool take_texts(struct options *options, const struct option_row *row, const char *text,
                       bool anew)
{
    struct option_texts *value = value_of(options, row);
    unsigned most = row->most ? (unsigned)row->most : OPTION_TEXTS_MAX;
    if (anew)
        value->count = 0;
    if (value->count == most)
        return wrong(options, "at most %u times", most);
    value->texts[value->count++] = text;
    return true;
}

bool options_take(struct options *options, const struct option_row *row, const char *text,
                  struct option_origin origin)
{
    struct option_origin *before = &options->origins[row - options->rows];
    const char *demand = row->check ? row->check(span_from(text)) : NULL;
    bool taken = !demand;
    if (demand)
        return wrong(options, "%s", demand);
    switch (row->kind) {
    case OPTION_HEADING:
        CHECK(row->kind != OPTION_HEADING);
        break;
    case OPTION_SWITCH:
        taken = take_switch(options, row, span_from(text));
        break;
    case OPTION_CHOICE:
        taken = take_choice(options, row, span_from(text));
        break;
    case OPTION_TEXT:
        *(const char **)value_of(options, row) = text;
        break;
    case OPTION_TEXTS:
        taken = take_texts(options, row, text, before->source != origin.source);
        break;
    case OPTION_COUNT:
    case OPTION_SIZE:
    case OPTION_DURATION:
        taken = take_number(options, row, span_from(text));
    }
    if (taken)
        *before = origin;
    return taken;
}

bool options_take_none(struct options *options, const struct option_row *row,
                       struct option_origin origin)
{
    struct option_texts *value = value_of(options, row);
    CHECK(row->kind == OPTION_TEXTS);
    if (row->least)
        return wrong(options, "an empty list; write at least one");
    value->count = 0;
    options->origins[row - options->rows] = origin;
    return true;
}

static size_t value_size(enum option_kind kind)
{
    switch (kind) {
    case OPTION_HEADING:
        break;
    case OPTION_SWITCH:
        return sizeof(bool);
    case OPTION_CHOICE:
        return sizeof(unsigned);
    case OPTION_TEXT:
        return sizeof(const char *);
    case OPTION_TEXTS:
        return sizeof(struct option_texts);
    case OPTION_COUNT:
    case OPTION_SIZE:
    case OPTION_DURATION:
        return sizeof(uint64_t);
    }
    return 0;
}

void options_copy(struct options *options, const struct options *from, const struct option_row *row)
{
    void *value = value_of(options, row);
    const char **texts = row->kind == OPTION_TEXTS ? ((struct option_texts *)value)->texts : value;
    memcpy(value, value_of(from, row), value_size(row->kind));
    size_t count = row->kind == OPTION_TEXTS  ? ((struct option_texts *)value)->count
                   : row->kind == OPTION_TEXT ? *texts != NULL
                                              : 0;
    for (size_t i = 0; i < count; i++)
        texts[i] = options_keep(options, span_from(texts[i]));
    options->origins[row - options->rows] = from->origins[row - from->rows];
}

/* ---- the command line ---- */

static bool no_such_flag(struct options *options, struct span name)
{
    const char *near = options_nearest(options, name);
    if (near)
        return wrong(options, "--%.*s: no such flag; did you mean --%s?", (int)name.n, name.p,
                     near);
    return wrong(options, "--%.*s: no such flag; --help lists them", (int)name.n, name.p);
}

/* Behind a failed options_take: puts what was written in front of why. */
static bool at(struct options *options, const char *front, struct span name, const char *between,
               const char *text)
{
    char why[OPTIONS_WHY_MAX];
    snprintf(why, sizeof why, "%s", options->why);
    return wrong(options, "%s%.*s%s%s: %s", front, (int)name.n, name.p, between, text, why);
}

/* *next is the argument behind; it becomes NULL when it was taken as the value. */
static bool read_flag(struct options *options, const char *flag, const char **next)
{
    const char *equals = strchr(flag, '=');
    struct span name = {flag, equals ? (size_t)(equals - flag) : strlen(flag)};
    const struct option_row *row = options_find(options, name);
    if (!row)
        return no_such_flag(options, name);
    const char *text = equals ? equals + 1 : "true";
    if (!equals && row->kind != OPTION_SWITCH) {
        if (!*next)
            return wrong(options, "--%.*s: a value must follow: %s", (int)name.n, name.p,
                         row->shown);
        text = *next;
        *next = NULL;
    }
    return options_take(options, row, text, (struct option_origin){.source = OPTION_FLAG}) ||
           at(options, "--", name, equals ? "=" : " ", text);
}

bool options_read_flags(struct options *options, int *count, char **arguments)
{
    int kept = 0;
    bool flags = true;
    for (int i = 0; i < *count && arguments[i]; i++) {
        char *argument = arguments[i];
        if (flags && strcmp(argument, "--") == 0) {
            flags = false;
        } else if (flags && strncmp(argument, "--", 2) == 0) {
            const char *next = i + 1 < *count ? arguments[i + 1] : NULL;
            bool had = next;
            if (!read_flag(options, argument + 2, &next))
                return false;
            i += had && !next;
        } else if (flags && argument[0] == '-' && argument[1]) {
            return wrong(options, "%s: flags begin with two dashes; --help lists them", argument);
        } else {
            arguments[kept++] = argument;
        }
    }
    *count = kept;
    return true;
}

/* ---- the environment ---- */

static bool read_list(struct options *options, const struct option_row *row, struct span list,
                      struct option_origin origin)
{
    while (list.n) {
        struct span one = span_cut(&list, ',');
        while (one.n && *one.p == ' ')
            one.p++, one.n--;
        if (!options_take(options, row, options_keep(options, one), origin))
            return false;
    }
    return true;
}

bool options_read_variables(struct options *options)
{
    static const struct option_origin origin = {.source = OPTION_VARIABLE};
    for (size_t i = 0; i < options->count; i++) {
        const struct option_row *row = &options->rows[i];
        struct option_variable name = option_variable(row);
        const char *text = *name.text ? getenv(name.text) : NULL;
        if (!text || !*text)
            continue;
        bool taken = row->kind == OPTION_TEXTS ? read_list(options, row, span_from(text), origin)
                                               : options_take(options, row, text, origin);
        if (!taken)
            return at(options, "", span_from(name.text), "=", text);
    }
    return true;
}

bool options_check_variables(struct options *options)
{
    static const char front[] = "FRESHET_";
    for (char **variable = environ; *variable; variable++) {
        char name[64];
        size_t n = 0;
        if (strncmp(*variable, front, sizeof front - 1) != 0)
            continue;
        for (const char *c = *variable + sizeof front - 1; *c && *c != '=' && n < sizeof name; c++)
            name[n++] = (char)(*c == '_' ? '-' : *c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
        struct span key = {name, n};
        const char *near = options_find(options, key) ? NULL : options_nearest(options, key);
        struct option_variable meant = {""};
        if (near)
            meant = option_variable(options_find(options, span_from(near)));
        if (*meant.text)
            return wrong(options, "%.*s: no such variable; did you mean %s?",
                         (int)strcspn(*variable, "="), *variable, meant.text);
    }
    return true;
}
