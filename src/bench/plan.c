/* The rows of `freshet bench`, and what follows from them. */
#include "bench/plan.h"

#include "bench/payload.h"
#include "bench/template.h"

#include "base/units.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>

/* Descriptors that a process needs for itself, and the most that one is used for. */
enum { DESCRIPTORS_OWN = 64, PROCESSES_MAX = 64 };

static const char *check_header(struct span text)
{
    if (!text.n || *text.p == ':' || !memchr(text.p, ':', text.n) || memchr(text.p, '\r', text.n) ||
        memchr(text.p, '\n', text.n))
        return "a header is one line such as \"Accept-Language: en\"";
    return template_check(text);
}

static const char *check_path(struct span text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] > '~')
            return "a path has neither spaces nor other letters than ASCII's; escape them by %XX";
    if (!span_starts(text, SPAN("/")) && !span_starts(text, SPAN("http://")))
        return "a path begins with /";
    return template_check(text);
}

static const char *check_part(struct span text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] > '~')
            return "neither spaces nor other letters than ASCII's; escape them by %XX";
    return template_check(text);
}

static const char *check_word(struct span text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] > '~')
            return "a word without spaces is wanted";
    return text.n ? NULL : "a word is wanted";
}

static const char *check_line(struct span text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] >= 0 && text.p[i] < ' ')
            return "one line without control characters is wanted";
    return template_check(text);
}

static const char *check_pid(struct span text)
{
    uint64_t pid;
    return number_parse(text, 1 << 30, &pid) && pid ? NULL : "a process id is wanted";
}

#define AT(field) .offset = offsetof(struct plan, field)
const struct option_row plan_rows[] = {
    {.kind = OPTION_HEADING, .help = "What happens"},
    {"hub", OPTION_CHOICE, AT(hub_kind), "freshet", "HUB",
     "what kind of hub it is: freshet, nchan, mercure or other; presets for the templates below",
     "freshet|nchan|mercure|other"},
    {"when", OPTION_CHOICE, AT(when), "live", "WHEN",
     "live: subscribe, then publish; return: subscribe, leave, publish, come back all at once with "
     "the position; after: publish, then subscribe from the oldest event on",
     "live|return|after"},
    {"subscribers", OPTION_COUNT, AT(subscribers), "100", "N", "streams that read",
     .most = 1000000},
    {"stuck", OPTION_COUNT, AT(stuck), "0", "N",
     "further streams that stop reading once they are open", .most = 1000000},
    {"channels", OPTION_COUNT, AT(channels), "1", "N", "channels, numbered from 0", .least = 1,
     .most = PAYLOAD_CHANNELS_MAX},
    {"per-stream", OPTION_COUNT, AT(per_stream), "1", "N", "channels of each stream", .least = 1,
     .most = 10000},
    {"stride", OPTION_COUNT, AT(stride), NULL, "N",
     "from one stream's first channel to the next one's; as per-stream where it is not given",
     .most = PAYLOAD_CHANNELS_MAX},
    {"events", OPTION_COUNT, AT(events), "100", "N",
     "events in all, to one channel after the other", .most = UINT32_MAX},
    {"size", OPTION_SIZE, AT(size), "150", "SIZE", "data of an event", .least = PAYLOAD_FRONT,
     .most = 1 << 24},
    {"rate", OPTION_COUNT, AT(rate), "0", "N", "events a second in all; 0 is without pause"},
    {"publishers", OPTION_COUNT, AT(publishers), "1", "N",
     "connections that publish, each waiting for its answers", .least = 1, .most = 1000},
    {"batch", OPTION_COUNT, AT(batch), "1", "N", "events in one publish", .least = 1,
     .most = 100000},
    {.kind = OPTION_HEADING, .help = "How"},
    {"at-once", OPTION_COUNT, AT(at_once), "500", "N", "streams being opened at the same time",
     .least = 1, .most = 1000000},
    {"processes", OPTION_COUNT, AT(processes), NULL, "N",
     "processes that read, besides the one that publishes; as many as the limit of open files asks "
     "for where it is not given",
     .most = PROCESSES_MAX},
    {"source", OPTION_TEXTS, AT(source_texts), NULL, "ADDRESS",
     "a local address to connect from; to a hub on the loopback 127.0.0.1, 127.0.0.2 and so on, as "
     "many as there must be, where it is not given"},
    {"settle", OPTION_DURATION, AT(settle_ms), "1s", "DURATION", "idle before memory is measured"},
    {"patience", OPTION_DURATION, AT(patience_ms), "15s", "DURATION",
     "give up after so long without any progress", .least = 100},
    {"time-limit", OPTION_DURATION, AT(time_limit_ms), "5m", "DURATION", "of the whole run",
     .least = 100},
    {"pid", OPTION_TEXTS, AT(pid_texts), NULL, "PID",
     "a process of the server, whose CPU and own memory, without the files that it has mapped, are "
     "measured with its children's",
     .check = check_pid},
    {"json", OPTION_SWITCH, AT(json), .help = "print one JSON object"},
    {.kind = OPTION_HEADING,
     .help = "What the hub is sent: templates with {channel}, {n} (its "
             "number), {data} and {token}"},
    {"channel", OPTION_TEXT, AT(channel), "bench-{n}", "TEMPLATE", "a channel's name",
     .check = check_line},
    {"subscribe-path", OPTION_TEXT, AT(subscribe_path), NULL, "PATH", "where streams are",
     .check = check_path},
    {"subscribe-more", OPTION_TEXT, AT(subscribe_more), NULL, "PART",
     "appended to it for each further channel of a stream", .check = check_part},
    {"subscribe-header", OPTION_TEXTS, AT(subscribe_headers), NULL, "LINE",
     "a header of subscribing", .check = check_header},
    {"publish-path", OPTION_TEXT, AT(publish_path), NULL, "PATH",
     "where to publish; a whole URL if that is elsewhere", .check = check_path},
    {"publish-method", OPTION_TEXT, AT(publish_method), "POST", "METHOD",
     "the method of publishing", .check = check_word},
    {"publish-type", OPTION_TEXT, AT(publish_type), NULL, "TYPE",
     "the content type; of a form, values are escaped as in one", .check = check_line},
    {"publish-body", OPTION_TEXT, AT(publish_body), NULL, "TEMPLATE",
     "the body; of a batch, one line of it", .check = template_check},
    {"publish-header", OPTION_TEXTS, AT(publish_headers), NULL, "LINE", "a header of publishing",
     .check = check_header},
    {"event-data", OPTION_TEXT, AT(event_data), "{data}", "TEMPLATE",
     "what subscribers find in an event's data, where the hub puts text of its own around it",
     .check = check_line},
    {"token", OPTION_TEXT, .offset = offsetof(struct plan, token), .shown = "TEXT",
     .help = "for {token}; mercure publishes with \"Authorization: Bearer {token}\"",
     .check = check_line},
};
#undef AT
const size_t plan_row_count = sizeof plan_rows / sizeof *plan_rows;

__attribute__((format(printf, 2, 3))) static bool wrong(struct options *options, const char *format,
                                                        ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(options->why, sizeof options->why, format, arguments);
    va_end(arguments);
    return false;
}

static void set_default(const char **text, const char *initial)
{
    if (!*text)
        *text = initial;
}

static bool take_preset(struct plan *plan, struct options *options)
{
    const struct hub *hub = plan->hub = &hubs[plan->hub_kind];
    const struct hub *publishing = hub;
    if (plan->batch > 1 && hub == &hubs[0])
        publishing = &hub_batches[plan->channels > 1];
    else if (plan->batch > 1 && !plan->publish_body)
        return wrong(options,
                     "--batch: %s takes one event a publish; if yours takes more, give "
                     "--publish-body, one line of it",
                     hub->name);
    bool several = plan->per_stream > 1 && hub->subscribe_several;
    if (plan->when == WHEN_AFTER && hub->subscribe_oldest)
        set_default(&plan->subscribe_path, hub->subscribe_oldest);
    set_default(&plan->subscribe_path, several ? hub->subscribe_several : hub->subscribe_path);
    set_default(&plan->subscribe_more, hub->subscribe_more);
    set_default(&plan->publish_path, publishing->publish_path);
    set_default(&plan->publish_type, publishing->publish_type);
    set_default(&plan->publish_body, publishing->publish_body);
    if (plan->token && hub->publish_header && plan->publish_headers.count < OPTION_TEXTS_MAX)
        plan->publish_headers.texts[plan->publish_headers.count++] = hub->publish_header;
    if (!plan->subscribe_path || !plan->publish_path)
        return wrong(options, "--hub other: give --subscribe-path and --publish-path, such as "
                              "'/stream?topic={channel}'");
    if (plan->per_stream > 1 && !plan->subscribe_more)
        return wrong(options, "--per-stream: give --subscribe-more, such as '&topic={channel}'");
    /* No more places than that can stand in the body, and no value grows more than threefold. */
    uint64_t body = strlen(plan->publish_body), channel = strlen(plan->channel) + 10;
    if (plan->batch * (body + (body / 6 + 1) * 3 * (plan->size + channel)) > REQUEST_MAX / 2)
        return wrong(options, "--batch and --size: one publish would have too many bytes");
    const char *place = strstr(plan->event_data, "{data}");
    if (!place || place - plan->event_data > PAYLOAD_BEFORE_MAX)
        return wrong(options, "--event-data: write {data} in it, behind at most %d bytes",
                     PAYLOAD_BEFORE_MAX);
    return true;
}

static bool take_addresses(struct plan *plan, const char *url, struct options *options)
{
    const char *path;
    plan->url = url;
    if (!target_parse(&plan->target, url, &plan->prefix, options->why, sizeof options->why))
        return false;
    if (strpbrk(plan->prefix, "?#{ "))
        return wrong(options,
                     "%s: no more than a path is wanted behind the host; what is "
                     "asked for is said by --subscribe-path and --publish-path",
                     url);
    size_t n = strlen(plan->prefix);
    if (n && plan->prefix[n - 1] == '/')
        plan->prefix = options_keep(options, (struct span){plan->prefix, n - 1});
    plan->publish_target = plan->target;
    plan->publish_prefix = plan->prefix;
    if (plan->publish_path[0] == '/')
        return true;
    if (!target_parse(&plan->publish_target, plan->publish_path, &path, options->why,
                      sizeof options->why))
        return false;
    plan->publish_path = *path ? path : "/";
    plan->publish_prefix = "";
    return true;
}

static bool take_sources(struct plan *plan, struct options *options)
{
    for (size_t i = 0; i < plan->source_texts.count; i++)
        if (!sources_add(&plan->sources, &plan->target, plan->source_texts.texts[i]))
            return wrong(options,
                         "--source %s: an address in digits, of the same kind as the hub's, "
                         "is wanted",
                         plan->source_texts.texts[i]);
    if (!plan->sources.count && !sources_choose(&plan->sources, &plan->target, plan->streams))
        return wrong(options,
                     "one local address has not enough ports for %llu streams; give more "
                     "by --source",
                     (unsigned long long)plan->streams);
    return true;
}

static bool choose_processes(struct plan *plan, struct options *options)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return wrong(options, "the limit of open files cannot be read");
    uint64_t own = DESCRIPTORS_OWN + plan->publishers;
    uint64_t each = files.rlim_max > own + 1 ? (uint64_t)files.rlim_max - own : 1;
    uint64_t needed = (plan->streams + each - 1) / each;
    if (!plan->processes)
        plan->processes = needed;
    if (plan->processes > PROCESSES_MAX || plan->processes < needed)
        return wrong(options,
                     "%llu streams need %llu processes, by the limit of %llu open files in "
                     "each (ulimit -n); at most %d are used",
                     (unsigned long long)plan->streams, (unsigned long long)needed,
                     (unsigned long long)files.rlim_max, PROCESSES_MAX);
    return true;
}

bool plan_complete(struct plan *plan, const char *url, struct options *options)
{
    if (!plan->stride)
        plan->stride = plan->per_stream;
    if (plan->per_stream > plan->channels)
        return wrong(options, "--per-stream is more than --channels");
    if (plan->channels > 1 && !strstr(plan->channel, "{n}"))
        return wrong(options, "--channel: write {n} in it, since there are several");
    /* Each publisher has channels of its own, so that a channel's order is that of one connection.
     */
    if (plan->channels % plan->publishers)
        return wrong(options, "--channels must be a multiple of --publishers");
    plan->first = plan->when == WHEN_RETURN ? plan->channels : 0;
    plan->streams = plan->subscribers + plan->stuck;
    plan->layout = (struct layout){.channels = (uint32_t)plan->channels,
                                   .per_stream = (uint32_t)plan->per_stream,
                                   .stride = (uint32_t)plan->stride,
                                   .events = plan->first + plan->events};
    for (size_t i = 0; i < plan->pid_texts.count; i++) {
        uint64_t pid = 0;
        if (number_parse(span_from(plan->pid_texts.texts[i]), 1 << 30, &pid))
            plan->pids[plan->pid_count++] = (pid_t)pid;
    }
    return take_preset(plan, options) && take_addresses(plan, url, options) &&
           take_sources(plan, options) && choose_processes(plan, options);
}
