/* `freshet serve`: settings are read, and the server runs. */
#include "base/log.h"
#include "cli/verbs.h"
#include "server/server.h"

#include <stdio.h>

static int help(void)
{
    struct buf rows;
    buf_init(&rows, 16 << 10);
    if (options_write_help(settings_rows, settings_row_count, &rows))
        return 1;
    printf("usage: freshet serve [FLAGS]\n\n"
           "Runs the hub: publish with POST /publish/CHANNEL, follow with GET /events/CHANNEL,\n"
           "look at / in a browser. Ends cleanly on SIGTERM and SIGINT.\n\n"
           "%.*s\n"
           "Durations: 500ms, 30s, 5m, 1h. Sizes: 64K, 16M, 1G, by 1024. [in brackets: the "
           "default]\n",
           (int)rows.len, rows.data);
    buf_fini(&rows);
    return 0;
}

int verb_serve(int count, char **arguments)
{
    char why[OPTIONS_WHY_MAX];
    for (int i = 0; i < count; i++)
        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0)
            return help();
    struct settings *settings = settings_read(count, arguments, why, sizeof why);
    if (!settings) {
        fprintf(stderr, "freshet: %s\n", why);
        return 2;
    }
    log_set_level((enum log_level)settings->log_level);
    int status = server_run(settings);
    settings_unref(settings);
    return status;
}
