/* The program: `freshet VERB`. Finds the verb, or answers for it where help is asked, and sees to
 * it that standard output, whoever wrote to it, has what was written. */
#include "cli/say.h"
#include "cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HELP_MAX = 64 << 10 };

/* Of a verb, or NULL: of the program. */
static int help(const struct verb *verb, FILE *out, int status)
{
    struct buf text;
    buf_init(&text, HELP_MAX);
    enum error error = verb ? verb_write_help(verb, &text) : verbs_write_help(&text);
    bool written = !error && fwrite(text.data, 1, text.len, out) == text.len;
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

static int run(int count, char **arguments)
{
    if (count < 2)
        return help(NULL, stderr, 2);
    const char *name = arguments[1];
    bool asked = strcmp(name, "help") == 0;
    if (asked && count > 2)
        name = arguments[2]; /* freshet help VERB */
    else if (asked || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return help(NULL, stdout, 0);
    if (strcmp(name, "--version") == 0) {
        puts("freshet " FRESHET_VERSION);
        return 0;
    }
    const struct verb *verb = verb_find(span_from(name));
    if (!verb) {
        fprintf(stderr, "freshet: there is no verb %s\n\n", name);
        return help(NULL, stderr, 2);
    }
    if (asked || asks_for_help(count - 2, arguments + 2))
        return help(verb, stdout, 0);
    return verb->run(count - 2, arguments + 2);
}

/* Where one of the three is closed, the next file or socket would have its number, and get what is
 * printed. What stands there instead refuses it, as a closed one does. */
static void hold_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* The exit status: what nobody reads any more is nobody's loss. */
static int end(int status)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
        return status;
    say("cannot write the output%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
    return status ? status : 1;
}

int main(int count, char **arguments)
{
    hold_standard_descriptors();
    return end(run(count, arguments));
}
