/* `freshet bench`: flags into a plan, and it is run. */
#include "bench/run.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <stdlib.h>

static const char text[] =
    "Opens subscribers to a hub for Server-Sent Events, any hub, publishes, and checks that every "
    "subscriber gets every event once, whole and in order. Prints connect rate, deliveries and "
    "bytes a second, latency, and with --pid what the server spends. It must be the only one that "
    "publishes to its channels. Ctrl-C ends the run, and what was measured by then is reported.\n\n"
    "On a machine that the hub shares with this program, both have what the other leaves: compare "
    "hubs by turns, and only while the busiest process of this one is below a whole core.\n\n"
    "What a preset (--hub) sets, and a flag replaces:\n\n"
    "  freshet  GET /events/{channel}, with several channels /events?channel={channel}&channel=…\n"
    "           (--when after: with from=earliest)\n"
    "           POST /publish/{channel} with {data} as text/plain; batches as lines of JSON\n"
    "  nchan    GET /sub?id={channel}, further channels as ,{channel}, which needs the directive\n"
    "           nchan_channel_id_split_delimiter \",\"\n"
    "           POST /pub?id={channel} with {data} as text/plain\n"
    "  mercure  GET /.well-known/mercure?topic={channel}&topic=… (--when after: "
    "lastEventID=earliest)\n"
    "           POST /.well-known/mercure with topic={channel}&data={data} as a form,\n"
    "           and with a --token the header \"Authorization: Bearer {token}\"\n"
    "  other    --subscribe-path and --publish-path are to be given; {data} as text/plain";

static int run(int count, char **arguments)
{
    static struct plan plan;
    struct options options;
    int status = 2;
    if (verb_read(&verb_bench, &options, &plan, &count, arguments)) {
        if (!plan.token)
            plan.token = getenv("FRESHET_TOKEN");
        if (count != 1)
            fputs("freshet bench: the URL of one hub is wanted; --help tells more\n", stderr);
        else if (!plan_complete(&plan, arguments[0], &options))
            fprintf(stderr, "freshet bench: %s\n", options.why);
        else
            status = bench_run(&plan);
    }
    options_fini(&options);
    return status;
}

const struct verb verb_bench = {
    .name = "bench",
    .help = "measure any hub, and check every delivery",
    .usage = "[FLAGS] http://HOST[:PORT][/PATH]",
    .text = text,
    .rows = plan_rows,
    .row_count = &plan_row_count,
    .examples =
        {
            {"freshet bench http://127.0.0.1:8080", "100 subscribers, 100 events without pause"},
            {"freshet bench --subscribers 10000 --rate 5 --pid $(pidof freshet) "
             "http://127.0.0.1:8080",
             "latency, and what a delivery and an idle subscriber cost"},
            {"freshet bench --subscribers 60000 --events 20 http://127.0.0.1:8080",
             "more than one process and one local address can have"},
            {"freshet bench --subscribers 0 --events 1000000 --batch 100 http://127.0.0.1:8080",
             "how fast events can be published"},
            {"freshet bench --when return --subscribers 2000 http://127.0.0.1:8080",
             "a crowd that comes back at once, 100 events behind"},
            {"freshet bench --hub nchan --pid $(cat /run/nginx.pid) http://127.0.0.1",
             "nchan, with its workers"},
            {"freshet bench --hub mercure --channel 'https://example.com/{n}' "
             "http://127.0.0.1:3000",
             "Mercure, with the publisher's JWT in FRESHET_TOKEN"},
            {"freshet bench --hub other --subscribe-path '/stream?topic={channel}' \\\n"
             "      --publish-path /send --publish-type application/json \\\n"
             "      --publish-body '{\"to\":\"{channel}\",\"text\":\"{data}\"}' \\\n"
             "      --event-data '{\"text\":\"{data}\"}' http://127.0.0.1:9000/api",
             "a hub with an API of its own"},
        },
    .environment = {{"FRESHET_TOKEN", "the --token, which then no list of processes shows"}},
    .statuses = {{"0", "every event came once, whole and in order"},
                 {"1", "not so, or the run was given up; the report says what was wrong"}},
    .run = run,
};
