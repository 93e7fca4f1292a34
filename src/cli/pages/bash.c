/* Completions for bash, without any library of its own. */
#include "cli/pages/pages.h"

static void write_flags(const struct verb *verb, FILE *out)
{
    for (size_t i = 0; i < *verb->row_count; i++)
        if (verb->rows[i].kind != OPTION_HEADING)
            fprintf(out, "--%s ", verb->rows[i].name);
    fputs("--help", out);
}

/* Flags whose value is one of a few, a file, or what only the user knows. */
static void write_values(const struct verb *verb, FILE *out)
{
    const char *between = "";
    for (size_t i = 0; i < *verb->row_count; i++) {
        const struct option_row *row = &verb->rows[i];
        if (row->kind != OPTION_CHOICE)
            continue;
        fprintf(out, "        %s:--%s) words='", verb->name, row->name);
        for (const char *c = row->choices; *c; c++)
            fputc(*c == '|' ? ' ' : *c, out);
        fputs("' ;;\n", out);
    }
    for (size_t i = 0; i < *verb->row_count; i++)
        if (row_has_file(&verb->rows[i]))
            fprintf(out, "        %s:--%s) files=yes ;;\n", verb->name, verb->rows[i].name);
    for (size_t i = 0; i < *verb->row_count; i++) {
        const struct option_row *row = &verb->rows[i];
        if (!row_has_value(row) || row->kind == OPTION_CHOICE || row_has_file(row))
            continue;
        fprintf(out, "%s%s:--%s", *between ? between : "        ", verb->name, row->name);
        between = " | ";
    }
    if (*between)
        fputs(") return ;;\n", out);
}

void bash_write(FILE *out)
{
    fputs("# freshet(1) in bash; made from the program's own tables.\n\n"
          "_freshet() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]} words='' "
          "files=''\n"
          "    COMPREPLY=()\n"
          "    if [[ $word == = ]]; then # --flag=, which bash takes for two words\n"
          "        word=''\n"
          "    elif [[ $flag == = ]]; then\n"
          "        flag=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    fi\n"
          "    if ((COMP_CWORD == 1)) || [[ $COMP_CWORD == 2 && $flag == help ]]; then\n"
          "        words='",
          out);
    for (const struct verb *const *verb = verbs; *verb; verb++)
        fprintf(out, "%s ", (*verb)->name);
    fputs("'\n        ((COMP_CWORD == 2)) || words+='help --help --version'\n"
          "    else\n"
          "        case ${COMP_WORDS[1]} in\n",
          out);
    for (const struct verb *const *verb = verbs; *verb; verb++) {
        fprintf(out, "        %s) [[ $word != -* ]] || words='", (*verb)->name);
        write_flags(*verb, out);
        fputs("' ;;\n", out);
    }
    fputs("        esac\n"
          "        case ${COMP_WORDS[1]}:$flag in\n",
          out);
    for (const struct verb *const *verb = verbs; *verb; verb++)
        write_values(*verb, out);
    fputs("        esac\n"
          "    fi\n"
          "    if [[ $files ]]; then\n"
          "        compopt -o filenames 2>/dev/null\n"
          "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
          "    else\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
          "    fi\n"
          "}\n"
          "complete -F _freshet freshet\n",
          out);
}
