/* Which verbs there are, and what all of them share. */
#include "cli/verbs.h"

#include <stdio.h>

const struct verb *const verbs[] = {&verb_serve, &verb_pub, &verb_sub, &verb_bench, NULL};

const struct verb_note verb_statuses[] = {
    {"0", "done"},
    {"1", "failed; standard error says why"},
    {"2", "used wrongly: a flag, a value or an argument, and what would be right"},
    {NULL},
};

const struct verb *verb_find(struct span name)
{
    const struct verb *const *verb = verbs;
    while (*verb && !span_equal(name, span_from((*verb)->name)))
        verb++;
    return *verb;
}

bool verb_read(const struct verb *verb, struct options *options, void *values, int *count,
               char **arguments)
{
    options_init(options, verb->rows, *verb->row_count, values);
    bool read = (!verb->variables || options_read_variables(options)) &&
                options_read_flags(options, count, arguments);
    if (!read)
        fprintf(stderr, "freshet %s: %s\n", verb->name, options->why);
    return read;
}
