/* `freshet pub`: options, and what they amount to. The work is in feed.c. */
#include "cli/verbs.h"

#include "base/hash.h"
#include "cli/feed.h"
#include "cli/say.h"
#include "client/headers.h"
#include "client/url.h"
#include "server/names.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { NUMBER_MAX = 21 /* of a line, behind a key, with the hyphen */ };

struct pub {
    const char *url, *ca_file, *event, *file, *key;
    struct option_texts headers;
    uint64_t from_line, give_up;
    bool json, ndjson, print_id;
};

static const char *check_event(struct span text)
{
    enum error error = event_type_check(text);
    return error ? error_text(error) : NULL;
}

static const char *check_key(struct span text)
{
    return key_check(text) || text.n > BATCH_KEY_MAX - NUMBER_MAX
               ? "a key has 1 to 107 letters, digits and signs of ASCII, without spaces"
               : NULL;
}

#define AT(field) offsetof(struct pub, field)

static const struct option_row rows[] = {
    {.kind = OPTION_HEADING, .help = "What is published"},
    {"json", OPTION_SWITCH, AT(json), .variable = "",
     .help =
         "DATA, or each line, is a JSON value, sent byte for byte; in an object a string member "
         "_event names the type and is cut out"},
    {"ndjson", OPTION_SWITCH, AT(ndjson), .variable = "",
     .help = "each line is an object with data, and if you like channel, event and "
             "idempotency_key; CHANNEL is for lines that name none"},
    {"event", OPTION_TEXT, AT(event), .shown = "TYPE", .variable = "", .check = check_event,
     .help = "the events' type"},
    {"file", OPTION_TEXT, AT(file), .shown = "FILE", .variable = "",
     .help = "read lines from FILE; - is standard input"},
    {"from-line", OPTION_COUNT, AT(from_line), "1", "N", .variable = "", .least = 1,
     .help = "pass over the lines before line N"},
    {.kind = OPTION_HEADING, .help = "Where to"},
    {"url", OPTION_TEXT, AT(url), "http://127.0.0.1:8080", "URL", .check = url_check_hub,
     .help = "the hub"},
    {"header", OPTION_TEXTS, AT(headers), .shown = "'NAME: VALUE'", .variable = "",
     .check = header_check, .help = "a header for each request"},
    {"ca-file", OPTION_TEXT, AT(ca_file), .shown = "FILE", .variable = "",
     .help = "certificates to trust (PEM), in place of the system's"},
    {.kind = OPTION_HEADING, .help = "How"},
    {"key", OPTION_TEXT, AT(key), .shown = "KEY", .variable = "", .check = check_key,
     .help =
         "the event's idempotency key (default: a random one); of lines KEY-N, so that what was "
         "published in the last ten minutes is not published again"},
    {"give-up", OPTION_DURATION, AT(give_up), "5m", "DURATION", .variable = "",
     .help = "end when the hub has not answered for so long; 0s: never"},
    {"print-id", OPTION_SWITCH, AT(print_id), .variable = "",
     .help = "print the last event's id, a position to follow from"},
};

static const size_t row_count = sizeof rows / sizeof *rows;

/* A key that nobody else has: 128 random bits in 22 letters. */
static void make_key(char *key, size_t size)
{
    unsigned char bits[16];
    random_bytes(bits, sizeof bits);
    sodium_bin2base64(key, size, bits, sizeof bits, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* The URL of POST; false with why. */
static bool make_url(const struct pub *pub, struct span channel, struct buf *url, const char **why)
{
    bool client = channel.n && channel.p[0] == '@';
    enum error error = OK;
    if (client) {
        channel = (struct span){channel.p + 1, channel.n - 1};
        error = client_id_check(channel);
    } else if (channel.n) {
        error = channel_check(channel);
    }
    if (error) {
        *why = error_text(error);
        return false;
    }
    error = url_write(span_from(pub->url), client ? SPAN("/clients/") : SPAN("/publish"), url);
    if (!error && client) /* it has only what may stand in a path */
        error = buf_append(url, channel.p, channel.n);
    else if (!error && channel.n)
        error = url_add_parameter(url, SPAN("channel"), channel);
    if (!error && pub->event)
        error = url_add_parameter(url, SPAN("event"), span_from(pub->event));
    if (!error)
        error = buf_append(url, "", 1);
    *why = error ? "the URL is too long" : NULL;
    return !error;
}

/* What the arguments amount to; NULL, or what is wrong with them. */
static const char *understand(const struct pub *pub, int count, char **arguments,
                              struct feed_options *feed, struct buf *url, bool *lines)
{
    const char *why;
    struct span channel = span_from(count ? arguments[0] : "");
    *lines = count < 2 || strcmp(arguments[1], "-") == 0;
    if (pub->json && pub->ndjson)
        return "--json or --ndjson, not both";
    if (count == 0 && !pub->ndjson)
        return "which channel? freshet pub CHANNEL [DATA]";
    if (count && channel.n == 0)
        return "the channel has no name";
    if (count > 2)
        return "DATA is one argument; quote it";
    if (pub->ndjson && (!*lines || (channel.n && channel.p[0] == '{')))
        return "--ndjson reads lines, from standard input or --file";
    if (!*lines && pub->file)
        return "DATA or --file, not both";
    if (!*lines && pub->from_line > 1)
        return "--from-line is for lines, not for DATA";
    if (!make_url(pub, channel, url, &why))
        return why;
    feed->publish = (struct publish_options){.url = url->data,
                                             .ca_file = pub->ca_file,
                                             .headers = pub->headers.texts,
                                             .headers_count = pub->headers.count,
                                             .give_up_ms = pub->give_up};
    feed->format = (struct batch_format){
        .kind = pub->json     ? BATCH_JSON
                : pub->ndjson ? BATCH_LINES
                              : BATCH_TEXT,
        .numbered = *lines,
        .typed = pub->event != NULL,
    };
    if (pub->key)
        snprintf(feed->format.key, sizeof feed->format.key, "%s", pub->key);
    else
        make_key(feed->format.key, sizeof feed->format.key);
    feed->data = span_from(*lines ? "" : arguments[1]);
    feed->from_line = pub->from_line;
    feed->print_id = pub->print_id;
    return NULL;
}

/* Reads lines and publishes them. */
static int feed_lines(const struct pub *pub, struct feed_options *feed)
{
    struct lines lines;
    bool named = pub->file && strcmp(pub->file, "-") != 0;
    const char *name = named ? pub->file : "standard input", *wrong;
    int status = 1, fd = named ? open(pub->file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
    if (fd < 0) {
        say("cannot open %s: %s", name, strerror(errno));
        return 1;
    }
    wrong = lines_init(&lines, fd);
    feed->lines = &lines;
    if (!wrong && isatty(fd))
        say("each line is published; Ctrl-D ends");
    if (wrong)
        say("cannot read %s: %s", name, wrong);
    else
        status = feed_run(feed);
    lines_fini(&lines);
    feed->lines = NULL;
    if (named)
        close(fd);
    return status;
}

static int run(int count, char **arguments)
{
    struct pub pub = {0};
    struct options options;
    struct feed_options feed = {0};
    struct buf url;
    bool lines;
    int status = 2;
    hash_init();
    buf_init(&url, 16 << 10);
    if (verb_read(&verb_pub, &options, &pub, &count, arguments)) {
        const char *wrong = understand(&pub, count, arguments, &feed, &url, &lines);
        if (wrong)
            say("pub: %s", wrong);
        else
            status = lines ? feed_lines(&pub, &feed) : feed_run(&feed);
    }
    buf_fini(&url);
    options_fini(&options);
    return status;
}

const struct verb verb_pub = {
    .name = "pub",
    .help = "publish events: one, or the lines of a file or a pipe",
    .usage = "[FLAGS] CHANNEL [DATA]\n[FLAGS] --ndjson [CHANNEL]",
    .text =
        "Publishes DATA as one event, or each line of standard input (`-`) as one, in order. @NAME "
        "in "
        "place of CHANNEL sends to the subscribers with that client_id.\n\n"
        "A line that comes alone is sent at once; lines that come fast are sent together, on one "
        "connection that is kept. An empty line is an event without data (with --json and --ndjson "
        "it is passed over); a CR before the line's end belongs to the end.\n\n"
        "When no answer comes, or one that says later, the very same lines are sent again. Each "
        "has an idempotency key, by which the hub publishes it once: it remembers keys for ten "
        "minutes, and with `--engine memory` until it ends. What was perhaps published is "
        "therefore sent again for 9 minutes at most.\n\n"
        "At a line that is no UTF-8 or JSON, or that the hub refuses, it ends: all lines before "
        "are published, and none behind. Ctrl-C waits for the answer that is still to come; a "
        "second one does not.",
    .rows = rows,
    .row_count = &row_count,
    .variables = true,
    .examples =
        {
            {"freshet pub news 'It is raining again'", "one event"},
            {"freshet pub news --json '{\"rain\": true}' --event weather", "JSON, with a type"},
            {"tail -f access.log | freshet pub log", "each line as it comes"},
            {"freshet pub prices --json --file prices.jsonl --key 2026-11-24",
             "a file; begun anew within ten minutes it goes on where it was"},
            {"jq -c '{channel: .symbol, data: .}' quotes.json | freshet pub --ndjson",
             "to many channels"},
        },
    .statuses =
        {
            {"0", "everything was answered: it is published"},
            {"1", "not everything was; standard error says how far it came"},
            {"130", "ended by SIGINT before everything was answered; by SIGTERM: 143"},
        },
    .run = run,
};
