/* Help, from the verbs' tables. */
#include "cli/verbs.h"

enum { WIDTH = 100 };

const char verb_units[] = "Durations: 500ms, 30s, 5m, 1h, 1d. Sizes: 64K, 16M, 1G, by 1024.";

bool verb_has_units(const struct verb *verb)
{
    bool has = false;
    for (size_t i = 0; i < *verb->row_count; i++)
        has |= verb->rows[i].kind == OPTION_SIZE || verb->rows[i].kind == OPTION_DURATION;
    return has;
}

/* A paragraph's words, each line behind the indent; the first one stands at `column` already. */
static enum error write_words(size_t indent, size_t column, struct span text, struct buf *out)
{
    enum error error = OK;
    while (text.n && !error) {
        struct span word = span_cut(&text, ' ');
        bool first = column <= indent;
        if (!first && column + 1 + word.n > WIDTH) {
            error = buf_printf(out, "\n%*s", (int)indent, "");
            column = indent;
            first = true;
        }
        if (!error)
            error = buf_printf(out, "%s%.*s", first ? "" : " ", (int)word.n, word.p);
        column += !first + word.n;
    }
    return error ? error : buf_printf(out, "\n");
}

/* Lines as they are where the paragraph begins with two blanks, else filled. */
static enum error write_paragraph(struct span text, struct buf *out)
{
    return span_starts(text, SPAN("  ")) ? buf_printf(out, "%.*s\n", (int)text.n, text.p)
                                         : write_words(0, 0, text, out);
}

static enum error write_text(const char *text, struct buf *out)
{
    enum error error = OK;
    while (*text && !error) {
        const char *end = strstr(text, "\n\n");
        size_t n = end ? (size_t)(end - text) : strlen(text);
        error = buf_printf(out, "\n");
        if (!error)
            error = write_paragraph((struct span){text, n}, out);
        text += n + (end ? 2 : 0);
    }
    return error;
}

static enum error write_usage(const struct verb *verb, struct buf *out)
{
    enum error error = OK;
    struct span rest = span_from(verb->usage);
    for (const char *front = "usage:"; rest.n && !error; front = "      ") {
        struct span line = span_cut(&rest, '\n');
        error = buf_printf(out, "%s freshet %s %.*s\n", front, verb->name, (int)line.n, line.p);
    }
    return error;
}

static enum error write_notes(const char *heading, const struct verb_note *notes, size_t column,
                              struct buf *out)
{
    enum error error = notes->what ? buf_printf(out, "\n%s:\n", heading) : OK;
    for (; notes->what && !error; notes++) {
        error = buf_printf(out, "  %-*s  ", (int)column, notes->what);
        if (!error)
            error = write_words(column + 4, column + 4, span_from(notes->means), out);
    }
    return error;
}

/* What is typed may be long, so what it does stands above. */
static enum error write_examples(const struct verb *verb, struct buf *out)
{
    const struct verb_note *note = verb->examples;
    enum error error = note->what ? buf_printf(out, "\nExamples:\n") : OK;
    for (; note->what && !error; note++)
        error = buf_printf(out, "  # %s\n  %s\n", note->means, note->what);
    return error;
}

enum error verb_write_help(const struct verb *verb, struct buf *out)
{
    enum error error = write_usage(verb, out);
    if (!error)
        error = write_text(verb->text, out);
    if (!error)
        error = buf_printf(out, "\n");
    if (!error)
        error = options_write_help(verb->rows, *verb->row_count, out);
    if (!error)
        error = buf_printf(out, "\n%s%s[in brackets: the default]\n",
                           verb_has_units(verb) ? verb_units : "", verb_has_units(verb) ? " " : "");
    if (!error)
        error = write_examples(verb, out);
    if (!error)
        error = write_notes("Environment", verb->environment, 12, out);
    return error ? error : write_notes("Exit status", verb->statuses, 4, out);
}

enum error verbs_write_help(struct buf *out)
{
    enum error error =
        buf_printf(out, "freshet: a hub for Server-Sent Events\n\nusage: freshet VERB [FLAGS]\n\n");
    for (const struct verb *const *verb = verbs; *verb && !error; verb++)
        error = buf_printf(out, "  %-10s %s\n", (*verb)->name, (*verb)->help);
    return error ? error
                 : buf_printf(out, "\n`freshet VERB --help` tells more, `man freshet` all; "
                                   "`freshet --version` the version.\n");
}
