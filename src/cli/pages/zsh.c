/* Completions for zsh, by its _arguments. */
#include "cli/pages/pages.h"

/* Within the single quotes of a specification; '[', ']', ':' and '\' mean something in one. */
static void write_quoted(struct span text, FILE *out)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\'')
            fputs("'\\''", out);
        else
            fprintf(out, strchr("[]:\\", text.p[i]) ? "\\%c" : "%c", text.p[i]);
}

static void write_row(const struct option_row *row, FILE *out)
{
    bool value = row_has_value(row);
    fprintf(out, "        '%s--%s%s[", row->kind == OPTION_TEXTS ? "*" : "", row->name,
            value ? "=" : "");
    write_quoted(row_short_help(row), out);
    fputc(']', out);
    if (value) {
        fputc(':', out);
        write_quoted(span_from(row->shown), out);
        fputc(':', out);
    }
    if (row->kind == OPTION_CHOICE) {
        fputc('(', out);
        for (const char *c = row->choices; *c; c++)
            fputc(*c == '|' ? ' ' : *c, out);
        fputc(')', out);
    } else if (row_has_file(row)) {
        fputs("_files", out);
    } else if (value) {
        fputc(' ', out);
    }
    fputs("' \\\n", out);
}

static void write_verb(const struct verb *verb, FILE *out)
{
    fprintf(out, "    %s)\n      _arguments -S \\\n", verb->name);
    for (size_t i = 0; i < *verb->row_count; i++)
        if (verb->rows[i].kind != OPTION_HEADING)
            write_row(&verb->rows[i], out);
    fputs("        '(- *)--help[tell about the flags]' \\\n        '*: : ' ;;\n", out);
}

void zsh_write(FILE *out)
{
    fputs("#compdef freshet\n"
          "# freshet(1) in zsh; made from the program's own tables.\n\n"
          "local context state state_descr line\n"
          "local -a verbs\n"
          "typeset -A opt_args\n\n"
          "verbs=(\n",
          out);
    for (const struct verb *const *verb = verbs; *verb; verb++) {
        fprintf(out, "  '%s:", (*verb)->name);
        write_quoted(span_from((*verb)->help), out);
        fputs("'\n", out);
    }
    fputs(
        ")\n\n"
        "_arguments -C '(- *)--help[tell about the verbs]' '(- *)--version[tell the version]' \\\n"
        "  '1:verb:->verb' '*::argument:->arguments'\n"
        "case $state in\n"
        "verb) _describe verb verbs ;;\n"
        "arguments)\n"
        "  case $words[1] in\n",
        out);
    for (const struct verb *const *verb = verbs; *verb; verb++)
        write_verb(*verb, out);
    fputs("  esac ;;\n"
          "esac\n",
          out);
}
