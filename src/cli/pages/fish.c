/* Completions for fish. */
#include "cli/pages/pages.h"

static void write_quoted(struct span text, FILE *out)
{
    fputc('\'', out);
    for (size_t i = 0; i < text.n; i++)
        fprintf(out, strchr("'\\", text.p[i]) ? "\\%c" : "%c", text.p[i]);
    fputs("'\n", out);
}

static void write_row(const struct verb *verb, const struct option_row *row, FILE *out)
{
    fprintf(out, "complete -c freshet -n '__freshet_verb %s' -l %s", verb->name, row->name);
    if (row_has_file(row))
        fputs(" -r -F", out);
    else if (row_has_value(row))
        fputs(" -x", out);
    if (row->kind == OPTION_CHOICE) {
        fputs(" -a '", out);
        for (const char *c = row->choices; *c; c++)
            fputc(*c == '|' ? ' ' : *c, out);
        fputc('\'', out);
    }
    fputs(" -d ", out);
    write_quoted(row_short_help(row), out);
}

void fish_write(FILE *out)
{
    fputs("# freshet(1) in fish; made from the program's own tables.\n\n"
          "function __freshet_verb # there is none yet, or it is this one\n"
          "    set -l words (commandline -opc)\n"
          "    test \"$words[2]\" = \"$argv[1]\"\n"
          "end\n\n"
          "complete -c freshet -f\n"
          "complete -c freshet -n __freshet_verb -l version -d 'tell the version'\n"
          "complete -c freshet -l help -d 'tell more'\n",
          out);
    for (const struct verb *const *verb = verbs; *verb; verb++) {
        fprintf(out, "complete -c freshet -n __freshet_verb -a %s -d ", (*verb)->name);
        write_quoted(span_from((*verb)->help), out);
    }
    for (const struct verb *const *verb = verbs; *verb; verb++)
        for (size_t i = 0; i < *(*verb)->row_count; i++)
            if ((*verb)->rows[i].kind != OPTION_HEADING)
                write_row(*verb, &(*verb)->rows[i], out);
}
