/* The tables of docs/settings.md: a chapter for each heading of the hub's settings. */
#include "cli/pages/pages.h"

#include "server/settings.h"

/* In a cell. */
static void write_cell(const char *text, FILE *out)
{
    for (; *text; text++)
        fprintf(out, *text == '|' ? "\\|" : "%c", *text);
}

static void write_range(const struct option_row *row, FILE *out)
{
    struct option_range range = option_range(row);
    struct span choices = span_from(row->choices ? row->choices : "");
    for (const char *front = ""; choices.n; front = ", ") {
        struct span choice = span_cut(&choices, '|');
        fprintf(out, "%s`%.*s`", front, (int)choice.n, choice.p);
    }
    if (row->kind == OPTION_TEXTS)
        fprintf(out, "up to %llu times",
                (unsigned long long)(row->most ? row->most : OPTION_TEXTS_MAX));
    else
        fputs(range.text + (strncmp(range.text, "of ", 3) == 0) * 3, out);
}

static void write_row(const struct option_row *row, FILE *out)
{
    struct option_variable variable = option_variable(row);
    fprintf(out, "| `--%s%s%s` | ", row->name, row->shown ? " " : "", row->shown ? row->shown : "");
    fprintf(out, *variable.text ? "`%s` | " : "%s | ", variable.text);
    fprintf(out, row->no_key ? " | " : "`%s` | ", row->name);
    fprintf(out, "%s | ", row->initial ? row->initial : "");
    write_range(row, out);
    fprintf(out, " | %s | ", row->reload ? "yes" : "");
    write_cell(row->help, out);
    fputs(" |\n", out);
}

static void write_tables(FILE *out)
{
    for (size_t i = 0; i < settings_row_count; i++)
        if (settings_rows[i].kind == OPTION_HEADING)
            fprintf(out,
                    "\n### %s\n\n"
                    "| flag | variable | key | default | range | SIGHUP | sets |\n"
                    "| --- | --- | --- | --- | --- | --- | --- |\n",
                    settings_rows[i].help);
        else
            write_row(&settings_rows[i], out);
    fputc('\n', out);
}

const struct page_part settings_parts[] = {{"tables", write_tables}, {NULL}};
