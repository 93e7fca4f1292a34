/* Pages made from the verbs' tables when the program is built: the manual, completions for shells,
 * and the tables of docs/settings.md. All write to a stream, whose errors main.c looks for. */
#ifndef FRESHET_CLI_PAGES_PAGES_H
#define FRESHET_CLI_PAGES_PAGES_H

#include "cli/verbs.h"

#include <stdio.h>

/* A part of a page: it stands in its template between two lines, comments there, that hold [[NAME
 * and NAME]]. */
struct page_part {
    const char *name;
    void (*write)(FILE *out);
};

/* Each ends with one without a name. */
extern const struct page_part man_parts[];      /* of freshet.1 */
extern const struct page_part settings_parts[]; /* of docs/settings.md */

/* The template with its parts as the tables are now, whatever stood there before. False after a
 * sentence on standard error where the template is none. */
bool page_fill(struct span template, const struct page_part *parts, FILE *out);

void bash_write(FILE *out);
void zsh_write(FILE *out);
void fish_write(FILE *out);

/* A row that takes a value of its own choice of words, where a shell can only be silent. */
static inline bool row_has_value(const struct option_row *row)
{
    return row->kind != OPTION_HEADING && row->kind != OPTION_SWITCH;
}

static inline bool row_has_file(const struct option_row *row)
{
    return row->shown && strcmp(row->shown, "FILE") == 0;
}

/* Help in one short line, for a list of flags: up to the first semicolon or colon. */
static inline struct span row_short_help(const struct option_row *row)
{
    return (struct span){row->help, strcspn(row->help, ";:")};
}

#endif
