/* The verbs of the program: one const struct each, in a file of its own, from which come its help,
 * its part of the manual and its completions. */
#ifndef FRESHET_CLI_VERBS_H
#define FRESHET_CLI_VERBS_H

#include "base/options.h"

/* Something that is typed, set or returned, and half a sentence about it. */
struct verb_note {
    const char *what, *means;
};

enum { VERB_EXAMPLES_MAX = 8, VERB_NOTES_MAX = 6 };

struct verb {
    const char *name;
    const char *help;  /* half a sentence, small letter, no full stop */
    const char *usage; /* behind `freshet NAME`; a line each where there are several */
    /* What it does: paragraphs with an empty line between, without other line breaks; `…` is what
     * one types. A paragraph that begins with two blanks stands as it is written. */
    const char *text;
    const struct option_row *rows;
    const size_t *row_count;
    bool variables; /* reads FRESHET_… too, where a row does not opt out */
    /* Each ends at the first without `what`. */
    struct verb_note examples[VERB_EXAMPLES_MAX + 1];
    struct verb_note environment[VERB_NOTES_MAX + 1]; /* variables that are no row */
    struct verb_note statuses[VERB_NOTES_MAX + 1];    /* besides or sharper than verb_statuses */
    /* Takes what stands behind the name and returns the exit status. */
    int (*run)(int count, char **arguments);
};

extern const struct verb verb_serve, verb_pub, verb_sub, verb_bench;

/* All, in the order in which they are told; ends with NULL. */
extern const struct verb *const verbs[];

/* What the program returns, whichever verb it is; ends with one without `what`. */
extern const struct verb_note verb_statuses[];

/* NULL where there is none of that name. */
const struct verb *verb_find(struct span name);

/* Sets values to their defaults, then reads variables, where the verb has them, and flags; what is
 * no flag is left in front as with options_read_flags. False after a sentence on standard error: it
 * was used wrongly. options_fini is the caller's, either way. */
bool verb_read(const struct verb *verb, struct options *options, void *values, int *count,
               char **arguments);

/* `freshet --help` and `freshet VERB --help`. Errors of buf. */
enum error verbs_write_help(struct buf *out);
enum error verb_write_help(const struct verb *verb, struct buf *out);

/* Durations or sizes stand among the rows, and how to write them is worth a word. */
extern const char verb_units[];
bool verb_has_units(const struct verb *verb);

#endif
