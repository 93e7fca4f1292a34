/* `freshet sub`: options into a follower, and what it tells to standard output and error. */
#include "base/check.h"
#include "base/clock.h"
#include "cli/out.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/sub_print.h"
#include "cli/verbs.h"
#include "client/follow.h"
#include "client/headers.h"
#include "client/url.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

enum { URL_MAX = 1 << 20, FLUSH_FROM = 64 << 10, FOREVER_MS = 3600000 };

struct values {
    const char *url, *from, *position, *ca_file;
    struct option_texts headers;
    bool json, raw, envelope, quiet, once;
    uint64_t max_event, count, for_ms, silence_ms;
};

static const char *check_position(struct span text)
{
    return memchr(text.p, '\n', text.n) || memchr(text.p, '\r', text.n) ? "an id has no line breaks"
                                                                        : NULL;
}

/* No variables but the hub's: what is printed is a matter of one command. */
#define ROW(name, kind, field, initial, shown, help, ...)                                 \
    {                                                                                     \
        name, kind, offsetof(struct values, field), initial, shown, help, .variable = "", \
                                                                          __VA_ARGS__     \
    }
static const struct option_row rows[] = {
    {.kind = OPTION_HEADING, .help = "What is followed"},
    {"url", OPTION_TEXT, offsetof(struct values, url), "http://127.0.0.1:8080", "URL",
     "the hub whose channels are followed; FRESHET_URL says it too", .check = url_check_hub},
    ROW("from", OPTION_TEXT, from, NULL, "WHERE",
        "where to begin: now, earliest, -N (the newest N), an id or a time, and all events after "
        "it; sent as ?from="),
    ROW("position", OPTION_TEXT, position, NULL, "ID",
        "the last event id to go on behind; sent as Last-Event-ID", .check = check_position),
    ROW("header", OPTION_TEXTS, headers, NULL, "'NAME: VALUE'", "a header for each request",
        .check = header_check),
    ROW("ca-file", OPTION_TEXT, ca_file, NULL, "FILE",
        "certificates to trust (PEM), in place of the system's"),

    {.kind = OPTION_HEADING, .help = "What is printed"},
    ROW("json", OPTION_SWITCH, json, NULL, NULL,
        "a line of JSON an event: its id, type (event) and data, a string"),
    ROW("raw", OPTION_SWITCH, raw, NULL, NULL, "the stream's bytes as they come"),
    ROW("envelope", OPTION_SWITCH, envelope, NULL, NULL,
        "the hub's envelope as data: JSON with channel, id, event and data"),
    ROW("quiet", OPTION_SWITCH, quiet, NULL, NULL,
        "say nothing of connections lost and made again"),

    {.kind = OPTION_HEADING, .help = "When it ends"},
    ROW("count", OPTION_COUNT, count, NULL, "N", "after N events", .least = 1),
    ROW("for", OPTION_DURATION, for_ms, NULL, "DURATION", "after this time", .least = 1),
    ROW("once", OPTION_SWITCH, once, NULL, NULL, "with the stream: connect once, never again"),
    ROW("silence", OPTION_DURATION, silence_ms, "90s", "DURATION",
        "a connection on which nothing comes for so long is made again; 0s: never, as with a URL "
        "where this is not given"),
    ROW("max-event", OPTION_SIZE, max_event, "64M", "SIZE",
        "an event larger than this is a failure", .least = 1024, .most = UINT64_C(1) << 40),
};
#undef ROW

static const size_t row_count = sizeof rows / sizeof *rows;

/* ---- one run ---- */

struct sub {
    const struct values *values;
    struct follow *follow;
    struct sub_print print;
    struct out out;
    enum out_state state;
    uint64_t printed;
    bool was_lost;      /* and it was said */
    char why[512];      /* the last failure to connect that was said */
    const char *failed; /* to end with status 1 */
};

/* Ends where output can't go on. */
static void after_output(struct sub *sub, enum out_state state)
{
    if (state == OUT_GOING || sub->state != OUT_GOING)
        return;
    sub->state = state;
    if (state == OUT_FAILED)
        sub->failed = strerror(errno);
    follow_stop(sub->follow);
}

static void after_print(struct sub *sub, enum error error)
{
    if (error) {
        sub->state = OUT_FAILED;
        sub->failed = "there is not enough memory";
        follow_stop(sub->follow);
    } else if (sub->out.bytes.len >= FLUSH_FROM) {
        after_output(sub, out_flush(&sub->out));
    }
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "?";
}

/* What the hub says of events that may be missing, as its API has it. */
static void say_gap(struct span data)
{
    json_t *gap = json_loadb(data.p, data.n, 0, NULL);
    const json_t *after = json_object_get(gap, "after"), *name;
    char channels[1024] = "";
    size_t i, n = 0;
    json_array_foreach(json_object_get(gap, "channels"), i, name)
    {
        const char *text = json_string_value(name);
        if (n < sizeof channels)
            n += (size_t)snprintf(channels + n, sizeof channels - n, "%s%s", i ? ", " : "",
                                  text ? text : "?");
    }
    if (json_is_string(after))
        say("gap: events between %s and %s on %s may be missing (%s)", json_string_value(after),
            text_of(gap, "until"), channels, text_of(gap, "reason"));
    else
        say("gap: events up to %s on %s may be missing (%s)", text_of(gap, "until"), channels,
            text_of(gap, "reason"));
    json_decref(gap);
}

static void say_busy(struct span data)
{
    json_t *busy = json_loadb(data.p, data.n, 0, NULL);
    say("the hub is busy: %s", text_of(busy, "reason"));
    json_decref(busy);
}

static void on_event(void *context, const struct sse_event *event)
{
    struct sub *sub = context;
    if (sub->state != OUT_GOING || (sub->values->count && sub->printed == sub->values->count))
        return;
    if (span_equal(event->type, SPAN("freshet.gap"))) {
        say_gap(event->data);
        return;
    }
    if (span_equal(event->type, SPAN("freshet.busy"))) {
        if (!sub->values->quiet)
            say_busy(event->data);
        return;
    }
    if (sub->print.form != SUB_RAW)
        after_print(sub, sub_print_event(&sub->print, event, &sub->out.bytes));
    if (++sub->printed == sub->values->count)
        follow_stop(sub->follow);
}

static void on_bytes(void *context, struct span bytes)
{
    struct sub *sub = context;
    if (sub->state == OUT_GOING)
        after_print(sub, sub_print_bytes(&sub->print, bytes, &sub->out.bytes));
}

static void on_opened(void *context)
{
    struct sub *sub = context;
    if (sub->was_lost && !sub->values->quiet)
        say("connected again");
    sub->was_lost = false;
    sub->why[0] = '\0';
}

/* A stream that ended is told each time, what hinders the next only when it changes. */
static void on_lost(void *context, const char *why, uint64_t wait_ms, bool reached)
{
    struct sub *sub = context;
    bool news = reached || strncmp(sub->why, why, sizeof sub->why - 1) != 0;
    snprintf(sub->why, sizeof sub->why, "%s", reached ? "" : why);
    if (news && !sub->values->quiet) {
        sub->was_lost = true;
        after_output(sub, out_flush(&sub->out)); /* so that a terminal shows things in order */
        if (reached || wait_ms > 10000)
            say("%s; trying again in %.1f s", why, (double)wait_ms / 1000);
        else
            say("%s; trying again", why);
    }
}

static void run_to_the_end(struct sub *sub)
{
    bool going = true;
    struct pollfd others[2] = {{.fd = sub->out.stop, .events = POLLIN}, {.fd = STDOUT_FILENO}};
    while (going) {
        uint64_t now = clock_mono_ms(), left = FOREVER_MS;
        if (sub->out.until)
            left = sub->out.until > now ? sub->out.until - now : 0;
        going = follow_turn(sub->follow, others, 2, left);
        after_output(sub, out_flush(&sub->out));
        after_output(sub, out_look(&sub->out));
        going = going && sub->state == OUT_GOING;
    }
}

/* The exit status, and what is to be said. */
static int conclude(struct sub *sub)
{
    const struct values *values = sub->values;
    enum follow_end end = follow_end(sub->follow);
    if (sub->failed)
        say("cannot write the output: %s", sub->failed);
    else if (end == FOLLOW_FAILED || (end == FOLLOW_OVER && !values->quiet))
        say("%s", follow_why(sub->follow));
    if (sub->failed || end == FOLLOW_FAILED)
        return 1;
    if (sub->state == OUT_UNREAD || sub->printed >= values->count)
        return 0;
    say("%llu of %llu events came", (unsigned long long)sub->printed,
        (unsigned long long)values->count);
    return 1;
}

/* ---- what to follow ---- */

/* false: it was used wrongly, and that was said. */
static bool make_url(struct values *values, int count, char **arguments, bool enveloped,
                     struct buf *url)
{
    bool given = count > 0 && url_is_http(span_from(arguments[0]));
    for (int i = 1; i < count; i++)
        given |= url_is_http(span_from(arguments[i]));
    if (count == 1 && !given && strstr(arguments[0], "://")) {
        fprintf(stderr,
                "freshet sub: %s: a URL begins with http:// or https://; a channel of that name is "
                "at %s/events?channel=…\n",
                arguments[0], values->url);
        return false;
    }
    if (given && count > 1) {
        fputs("freshet sub: one URL, or channels of the hub that --url names\n", stderr);
        return false;
    }
    struct span first = given ? url_without_fragment(span_from(arguments[0])) : SPAN("");
    const char *demand = given ? url_check(first) : NULL;
    if (demand) {
        fprintf(stderr, "freshet sub: %s: %s\n", arguments[0], demand);
        return false;
    }
    enum error error = given ? buf_append(url, first.p, first.n)
                             : url_write(span_from(values->url), SPAN("/events"), url);
    for (int i = 0; i < count && !given && !error; i++)
        error = url_add_parameter(url, SPAN("channel"), span_from(arguments[i]));
    if (values->from && !error)
        error = url_add_parameter(url, SPAN("from"), span_from(values->from));
    if (enveloped && !error)
        error = url_add_parameter(url, SPAN("envelope"), SPAN("1"));
    if (!error)
        error = buf_append(url, "", 1);
    if (error)
        fputs("freshet sub: the channels make too long a URL\n", stderr);
    return !error;
}

static bool shows_several(int count, char **arguments)
{
    bool several = count > 1;
    for (int i = 0; i < count; i++)
        several |= strchr(arguments[i], '*') != NULL;
    return several && !url_is_http(span_from(arguments[0]));
}

static int run_with(struct values *values, int count, char **arguments)
{
    enum sub_form form = values->raw ? SUB_RAW : values->json ? SUB_JSON : SUB_DATA;
    bool opened =
        !values->envelope && shows_several(count, arguments) && sub_print_wants_envelope(form);
    struct buf url;
    buf_init(&url, URL_MAX);
    if (!make_url(values, count, arguments, opened || values->envelope, &url)) {
        buf_fini(&url);
        return 2;
    }
    struct follow_options options = {
        .url = url.data,
        .ca_file = values->ca_file,
        .headers = values->headers.texts,
        .headers_count = values->headers.count,
        .position = span_from(values->position ? values->position : ""),
        .max_event = values->max_event,
        .silence_ms = values->silence_ms,
        .once = values->once,
    };
    struct follow_handler handler = {
        .stream.event = on_event,
        .bytes = form == SUB_RAW ? on_bytes : NULL,
        .opened = on_opened,
        .lost = on_lost,
    };
    struct sub sub = {.values = values};
    out_init(&sub.out, signals_open(), values->for_ms ? clock_mono_ms() + values->for_ms : 0);
    sub_print_init(&sub.print, form, opened);
    for (int i = 0; i < count && opened; i++)
        sub_print_expect(&sub.print, span_from(arguments[i]));
    sub.follow = follow_new(&options, &handler, &sub);
    run_to_the_end(&sub);
    int status = conclude(&sub);
    follow_free(sub.follow);
    sub_print_fini(&sub.print);
    out_fini(&sub.out);
    buf_fini(&url);
    return status;
}

static int run(int count, char **arguments)
{
    struct values values = {0};
    struct options options;
    int status = 2;
    if (verb_read(&verb_sub, &options, &values, &count, arguments)) {
        const struct option_row *silence = options_find(&options, SPAN("silence"));
        if (count && url_is_http(span_from(arguments[0])) &&
            options.origins[silence - rows].source == OPTION_DEFAULT)
            values.silence_ms = 0; /* not every server says that it is still there */
        if (values.json && values.raw)
            fputs("freshet sub: --json or --raw, not both\n", stderr);
        else
            status = run_with(&values, count, arguments);
    }
    options_fini(&options);
    return status;
}

const struct verb verb_sub = {
    .name = "sub",
    .help = "follow channels, or any event stream",
    .usage = "[FLAGS] [CHANNEL…]\n[FLAGS] URL",
    .text =
        "Follows channels of a hub on one stream (`stocks:*`: all that begin so; none: "
        "`broadcast`), or the event stream at a URL, of whatever server, and prints the data of "
        "its events. On a terminal in columns, with colours, and with the channel where there are "
        "several; in a pipe exactly the data, each with a line break behind it.\n\n"
        "When the connection is lost it is made again, with the position (Last-Event-ID), after "
        "the time that the server asks for (`retry:`, Retry-After) and some more after each "
        "failure in a row. What a hub says about events that may be missing goes to standard "
        "error. An answer of 204 means that the stream is over.",
    .rows = rows,
    .row_count = &row_count,
    .variables = true,
    .examples =
        {
            {"freshet sub news sports", "two channels"},
            {"freshet sub 'stocks:*' --from -10 --json | jq -r .data", "the newest ten, and on"},
            {"freshet sub news --count 1 --for 10s || echo nothing new", "wait for one event"},
            {"freshet sub https://stream.example/events --header 'Authorization: Bearer …'",
             "any server"},
        },
    .statuses =
        {
            {"0", "ended as asked: --count was reached or --for over, the server said that the "
                  "stream is over, --once, SIGINT or SIGTERM; or nobody reads the output any more"},
            {"1", "refused for good; an event over --max-event; the output cannot be written; "
                  "--count was not reached"},
        },
    .run = run,
};
