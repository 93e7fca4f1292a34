/* The program: `freshet VERB`. Finds the verb, or answers for it where help is asked. */
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

enum { HELP_MAX = 64 << 10 };

/* Of a verb, or NULL: of the program. */
static int help(const struct verb *verb, FILE *out, int status)
{
    struct buf text;
    buf_init(&text, HELP_MAX);
    enum error error = verb ? verb_write_help(verb, &text) : verbs_write_help(&text);
    bool written = !error && fwrite(text.data, 1, text.len, out) == text.len && fflush(out) == 0;
    buf_fini(&text);
    return written ? status : 1;
}

static bool asks_for_help(int count, char **arguments)
{
    for (int i = 0; i < count && strcmp(arguments[i], "--") != 0; i++)
        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0)
            return true;
    return false;
}

int main(int count, char **arguments)
{
    if (count < 2)
        return help(NULL, stderr, 2);
    const char *name = arguments[1];
    bool asked = strcmp(name, "help") == 0;
    if (asked && count > 2)
        name = arguments[2]; /* freshet help VERB */
    else if (asked || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(NULL, stdout, 0);
    if (strcmp(name, "--version") == 0)
        return puts("freshet " FRESHET_VERSION) < 0;
    const struct verb *verb = verb_find(span_from(name));
    if (!verb) {
        fprintf(stderr, "freshet: there is no verb %s\n\n", name);
        return help(NULL, stderr, 2);
    }
    if (asked || asks_for_help(count - 2, arguments + 2))
        return help(verb, stdout, 0);
    return verb->run(count - 2, arguments + 2);
}
