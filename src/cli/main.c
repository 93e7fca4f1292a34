/* The program: `freshet VERB`. Finds the verb; each has a file of its own. */
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

static const struct verb {
    const char *name, *help;
    int (*run)(int count, char **arguments);
} verbs[] = {
    {"serve", "run the hub", verb_serve},
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

static int help(FILE *out, int status)
{
    fputs("freshet: a hub for Server-Sent Events\n\nusage: freshet VERB [FLAGS]\n\n", out);
    for (size_t i = 0; i < VERBS; i++)
        fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].help);
    fputs("\n`freshet VERB --help` tells more; `freshet --version` the version.\n", out);
    return status;
}

int main(int count, char **arguments)
{
    if (count < 2)
        return help(stderr, 2);
    if (strcmp(arguments[1], "--help") == 0 || strcmp(arguments[1], "help") == 0)
        return help(stdout, 0);
    if (strcmp(arguments[1], "--version") == 0)
        return puts("freshet " FRESHET_VERSION) < 0;
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(arguments[1], verbs[i].name) == 0)
            return verbs[i].run(count - 2, arguments + 2);
    fprintf(stderr, "freshet: there is no verb %s\n\n", arguments[1]);
    return help(stderr, 2);
}
