/* `freshet serve`: settings are read, and the server runs. */
#include "base/log.h"
#include "cli/verbs.h"
#include "server/server.h"

#include <stdio.h>

static int print(const struct settings *settings)
{
    struct buf out;
    buf_init(&out, 16 << 20); /* ten thousand rules with names of 255 bytes that need escapes */
    enum error error = settings_print(settings, &out);
    bool good = !error && fwrite(buf_span(&out).p, 1, out.len, stdout) == out.len;
    buf_fini(&out);
    return good ? 0 : 1;
}

static int run(int count, char **arguments)
{
    struct buf wrongs;
    buf_init(&wrongs, SETTINGS_WRONGS_MAX);
    struct settings *settings = settings_read(count, arguments, &wrongs);
    if (!settings) {
        struct span rest = buf_span(&wrongs);
        while (rest.n) {
            struct span line = span_cut(&rest, '\n');
            fprintf(stderr, "freshet: %.*s\n", (int)line.n, line.p);
        }
        buf_fini(&wrongs);
        return 2;
    }
    if (settings->print) {
        int status = print(settings);
        settings_unref(settings);
        return status;
    }
    log_set_level((enum log_level)settings->log_level);
    log_set_format((enum log_format)settings->log_format);
    int status = server_run(settings);
    settings_unref(settings);
    return status;
}

const struct verb verb_serve = {
    .name = "serve",
    .help = "run the hub",
    .usage = "[FLAGS]",
    .text = "Runs the hub: publish with POST /publish/CHANNEL, follow with GET /events/CHANNEL, "
            "look at / in a browser. The log goes to standard error.\n\n"
            "Settings come from flags, FRESHET_… variables and a file, in this order of weight. "
            "SIGHUP reads the file again; SIGTERM and SIGINT end the hub cleanly.",
    .rows = settings_rows,
    .row_count = &settings_row_count,
    .variables = true,
    .examples =
        {
            {"freshet serve --listen 0.0.0.0:8080 --cors-origin https://app.example.com",
             "on all addresses, for pages of one origin"},
            {"freshet serve --config /etc/freshet.yaml", "by a file of settings"},
            {"FRESHET_TTL=1h freshet serve --history 100 --print-settings",
             "what would be in force"},
        },
    .run = run,
};
