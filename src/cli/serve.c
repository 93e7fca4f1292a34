/* `freshet serve`: flags into settings, and the server runs. */
#include "cli/verbs.h"
#include "server/server.h"

#include <stdio.h>

static int help(void)
{
    struct buf flags;
    buf_init(&flags, 16 << 10);
    if (settings_write_help(&flags))
        return 1;
    printf(
        "usage: freshet serve [FLAGS]\n\n"
        "Runs the hub: publish with POST /publish/CHANNEL, follow with GET /events/CHANNEL,\n"
        "look at / in a browser. Ends cleanly on SIGTERM and SIGINT.\n\n"
        "%.*s\n"
        "Durations: 500ms, 30s, 5m, 1h. Sizes: 64K, 16M, 1G, by 1024. [in brackets: the default]\n",
        (int)flags.len, flags.data);
    buf_fini(&flags);
    return 0;
}

int verb_serve(int count, char **arguments)
{
    struct settings settings;
    char why[512];
    for (int i = 0; i < count; i++)
        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0)
            return help();
    settings_init(&settings);
    if (!settings_read_flags(&settings, count, arguments, why, sizeof why)) {
        fprintf(stderr, "freshet: %s\n", why);
        return 2;
    }
    return server_run(&settings);
}
