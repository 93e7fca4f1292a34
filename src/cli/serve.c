/* `freshet serve`: settings are read, and the server runs. */
#include "base/log.h"
#include "cli/verbs.h"
#include "server/server.h"

#include <stdio.h>

static int run(int count, char **arguments)
{
    char why[OPTIONS_WHY_MAX];
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

const struct verb verb_serve = {
    .name = "serve",
    .help = "run the hub",
    .usage = "[FLAGS]",
    .text = "Runs the hub: publish with POST /publish/CHANNEL, follow with GET /events/CHANNEL, "
            "look at / in a browser. Ends cleanly on SIGTERM and SIGINT.",
    .rows = settings_rows,
    .row_count = &settings_row_count,
    .variables = true,
    .run = run,
};
