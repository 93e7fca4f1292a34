/* The manual, as man(7): what the tables know. What they do not stands in freshet.1.in. */
#include "cli/pages/pages.h"

#include "base/utf8.h"

enum { LINE = 50 };

/* ---- text ---- */

/* One letter; typed: it must come out of the page as one can type it. */
static size_t write_letter(struct span text, bool typed, FILE *out)
{
    uint32_t code;
    size_t n = utf8_next(text, &code);
    if (code > 0x7e)
        fprintf(out, "\\[u%04X]", (unsigned)code);
    else if (code == '\\')
        fputs("\\e", out);
    else if (code == '~')
        fputs("\\(ti", out);
    else if (code == '^')
        fputs("\\(ha", out);
    else if (typed && code == '-')
        fputs("\\-", out);
    else if (typed && code == '\'')
        fputs("\\(aq", out);
    else if (typed && code == '`')
        fputs("\\(ga", out);
    else
        fputc((int)code, out);
    return n;
}

static void write_typed(struct span text, FILE *out)
{
    while (text.n) {
        size_t n = write_letter(text, true, out);
        text = (struct span){text.p + n, text.n - n};
    }
}

/* Prose: `…` in bold, flags as one types them. Lines of the source begin with a width of zero, so
 * that no letter there makes a request of them, and are short, as mandoc wants them. */
static void write_prose(struct span text, FILE *out)
{
    bool code = false, flag = false;
    char before = ' ';
    size_t column = 0;
    fputs("\\&", out);
    while (text.n) {
        char c = *text.p;
        size_t n = 1;
        if (c == '`') {
            code = !code;
            fputs(code ? "\\fB" : "\\fR", out);
        } else if (c == ' ' && column > LINE) {
            fputs("\n\\&", out);
            column = 0;
        } else {
            flag = c == '-' ? flag || before == ' ' || before == '(' : flag && c != ' ';
            n = write_letter(text, code || flag, out);
        }
        column++;
        before = c;
        text = (struct span){text.p + n, text.n - n};
    }
    fputc('\n', out);
}

static void write_literal(struct span text, FILE *out)
{
    fputs(".PP\n.RS 4\n.nf\n", out);
    while (text.n) {
        struct span line = span_cut(&text, '\n');
        fputs("\\&", out);
        write_typed(line, out);
        fputc('\n', out);
    }
    fputs(".fi\n.RE\n", out);
}

static void write_text(const char *text, FILE *out)
{
    for (const char *end; *text; text = end + strspn(end, "\n")) {
        end = strstr(text, "\n\n");
        end = end ? end : text + strlen(text);
        struct span paragraph = {text, (size_t)(end - text)};
        if (*text == ' ') {
            write_literal(paragraph, out);
        } else {
            fputs(".PP\n", out);
            write_prose(paragraph, out);
        }
    }
}

/* ---- options ---- */

static void write_fact(const char **between, const char *front, const char *fact, FILE *out)
{
    fputs(*between, out);
    write_typed(span_from(front), out);
    write_typed(span_from(fact), out);
    *between = ";\n";
}

/* What else there is to know, in brackets. `reloads`: SIGHUP changes settings of this verb. */
static void write_facts(const struct verb *verb, const struct option_row *row, bool reloads,
                        FILE *out)
{
    const char *between = "(";
    struct option_variable variable = option_variable(row);
    struct option_range range = option_range(row);
    if (row->initial && row->kind != OPTION_SWITCH)
        write_fact(&between, "default ", row->initial, out);
    if (row->kind == OPTION_TEXTS)
        write_fact(&between, "may be repeated", "", out);
    else if (*range.text)
        write_fact(&between, "", range.text + (strncmp(range.text, "of ", 3) == 0) * 3, out);
    if (verb->variables && *variable.text)
        write_fact(&between, variable.text, "", out);
    if (reloads && !row->reload && row->kind != OPTION_SWITCH)
        write_fact(&between, "changed by a restart alone", "", out);
    if (*between == ';')
        fputs(")\n", out);
}

static bool has_reload(const struct verb *verb)
{
    bool has = false;
    for (size_t i = 0; i < *verb->row_count; i++)
        has |= verb->rows[i].reload;
    return has;
}

static void write_row(const struct verb *verb, const struct option_row *row, FILE *out)
{
    fputs(".TP\n\\fB\\-\\-", out);
    write_typed(span_from(row->name), out);
    fputs("\\fR", out);
    if (row->shown) {
        fputs(" \\fI", out);
        write_typed(span_from(row->shown), out);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    write_prose(span_from(row->help), out);
    write_facts(verb, row, has_reload(verb), out);
}

static void write_verb(const struct verb *verb, FILE *out)
{
    fputs(".SH FRESHET ", out);
    for (const char *c = verb->name; *c; c++)
        fputc(*c - 'a' + 'A', out);
    fputc('\n', out);
    struct span usage = span_from(verb->usage);
    while (usage.n) {
        struct span line = span_cut(&usage, '\n');
        fprintf(out, "%s\\fBfreshet %s\\fR ", line.p == verb->usage ? "" : ".br\n", verb->name);
        write_typed(line, out);
        fputc('\n', out);
    }
    write_text(verb->text, out);
    for (size_t i = 0; i < *verb->row_count; i++)
        if (verb->rows[i].kind == OPTION_HEADING)
            fprintf(out, ".SS %s\n", verb->rows[i].help);
        else
            write_row(verb, &verb->rows[i], out);
}

/* ---- parts ---- */

static void write_synopsis(FILE *out)
{
    for (const struct verb *const *verb = verbs; *verb; verb++) {
        struct span usage = span_from((*verb)->usage);
        while (usage.n) {
            fprintf(out, "\\fBfreshet %s\\fR ", (*verb)->name);
            write_typed(span_cut(&usage, '\n'), out);
            fputs("\n.br\n", out);
        }
    }
}

static void write_verbs(FILE *out)
{
    for (const struct verb *const *verb = verbs; *verb; verb++)
        write_verb(*verb, out);
}

/* `of` the verb, or NULL: of all. */
static void write_notes(const struct verb *of, const struct verb_note *notes, FILE *out)
{
    for (; notes->what; notes++) {
        fputs(".TP\n\\fB", out);
        write_typed(span_from(notes->what), out);
        fputs("\\fR", out);
        if (of)
            fprintf(out, " of \\fBfreshet %s\\fR", of->name);
        fputc('\n', out);
        write_prose(span_from(notes->means), out);
    }
}

static void write_statuses(FILE *out)
{
    write_notes(NULL, verb_statuses, out);
    for (const struct verb *const *verb = verbs; *verb; verb++)
        write_notes(*verb, (*verb)->statuses, out);
}

static void write_environment(FILE *out)
{
    for (const struct verb *const *verb = verbs; *verb; verb++)
        write_notes(*verb, (*verb)->environment, out);
}

static void write_examples(FILE *out)
{
    bool first = true;
    for (const struct verb *const *verb = verbs; *verb; verb++)
        for (const struct verb_note *note = (*verb)->examples; note->what; note++) {
            fputs(first ? "" : ".PP\n", out);
            first = false;
            write_prose(span_from(note->means), out);
            write_literal(span_from(note->what), out);
        }
}

const struct page_part man_parts[] = {
    {"synopsis", write_synopsis},       {"verbs", write_verbs},       {"statuses", write_statuses},
    {"environment", write_environment}, {"examples", write_examples}, {NULL},
};
