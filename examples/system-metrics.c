/* Publishes this machine's figures to a Freshet hub, every second.
 *
 * Publishing is one HTTP request, `POST /publish/CHANNEL?event=TYPE`, whose body becomes the
 * event's data; the hub answers 200 once the event is kept. All of that is in publish(), with
 * libcurl, which keeps the connection open from one event to the next. The rest is what any such
 * program needs: a body (make_body), a steady beat (next_beat) and plain words when the hub is away
 * (report). */
#include "figures.h"

#include "base/clock.h"
#include "base/units.h"

#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    INTERVAL_LEAST_MS = 100, /* the kernel counts processor time in ticks of 10 ms */
    FIRST_WAIT_MS = 1000,    /* cpu_percent is measured between two readings */
    ANSWER_TIMEOUT_MS = 10000,
};

struct options {
    const char *url;
    const char *channel;
    uint64_t interval_ms;
    uint64_t count; /* 0: no end */
};

/* The connection to the hub, and how the last request went. */
struct hub {
    const char *url;
    CURL *curl;
    struct curl_slist *headers;
    char curl_error[CURL_ERROR_SIZE]; /* why there was no answer */
    char answer[1024];                /* the answer's body, cut to fit */
    size_t answer_n;
    bool away; /* the last event was not published, which has been said */
};

static const char help[] =
    "Usage: system-metrics [--url URL] [--channel NAME] [--interval DURATION] [--count N]\n"
    "\n"
    "Publishes this machine's figures to a Freshet hub as events of type system-metrics:\n"
    "\n"
    "  cpu_percent     busy processor time since the reading before, over all cores\n"
    "  memory_percent  memory that is not available to programs\n"
    "  disk_percent    how full the file system at / is, as df counts it\n"
    "  network         bytes_sent and bytes_recv: totals since boot over all interfaces but lo;\n"
    "                  a rate is the difference of two events by their timestamps\n"
    "  timestamp       when the figures were read, RFC 3339, UTC\n"
    "\n"
    "  --url URL            the hub (default http://127.0.0.1:8080)\n"
    "  --channel NAME       where to publish (default metrics)\n"
    "  --interval DURATION  time between two events, such as 500ms, 2s or 1m; at least 100ms\n"
    "                       (default 1s)\n"
    "  --count N            end after N events (default: go on until Ctrl-C)\n"
    "  --help               this text\n"
    "\n"
    "While the hub is away it tries again at each interval; figures of that time are not kept.\n"
    "It ends with 0 after Ctrl-C or --count, with 1 when the hub refuses the event (an answer of\n"
    "400 to 499, which trying again does not change) or figures cannot be read, with 2 when an\n"
    "option is wrong.\n"
    "\n"
    "Watch the events:  curl -N http://127.0.0.1:8080/events/metrics\n";

__attribute__((noreturn, format(printf, 2, 3))) static void die(int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("system-metrics: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(status);
}

static struct options read_options(int argc, char **argv)
{
    static const struct option names[] = {
        {"url", required_argument, NULL, 'u'},      {"channel", required_argument, NULL, 'c'},
        {"interval", required_argument, NULL, 'i'}, {"count", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
    struct options options = {"http://127.0.0.1:8080", "metrics", 1000, 0};
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
        switch (option) {
        case 'u':
            options.url = optarg;
            break;
        case 'c':
            options.channel = optarg;
            break;
        case 'i':
            if (duration_parse(span_from(optarg), &options.interval_ms) != OK ||
                options.interval_ms < INTERVAL_LEAST_MS)
                die(2, "--interval %s: write a duration of at least 100ms, such as 500ms, 2s or 1m",
                    optarg);
            break;
        case 'n':
            if (!number_parse(span_from(optarg), UINT64_MAX, &options.count) || options.count == 0)
                die(2, "--count %s: write a whole number of 1 or more", optarg);
            break;
        case 'h':
            fputs(help, stdout);
            exit(0);
        default:
            die(2, "see system-metrics --help");
        }
    if (optind < argc)
        die(2, "%s is not an option; see system-metrics --help", argv[optind]);
    return options;
}

/* The event's data as JSON; the caller frees it. */
static char *make_body(const struct figures *figures, double cpu_percent)
{
    char second[32], timestamp[48];
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &parts));
    snprintf(timestamp, sizeof timestamp, "%s.%03dZ", second, (int)(now.tv_nsec / 1000000));

    /* What is not known (NAN) is null: jansson makes no number of it and gives NULL. */
    json_t *cpu = json_real(round(cpu_percent * 100) / 100);
    json_t *event =
        json_pack("{s:o, s:f, s:f, s:{s:I, s:I}, s:s}", "cpu_percent", cpu ? cpu : json_null(),
                  "memory_percent", round(figures->memory_percent * 100) / 100, "disk_percent",
                  round(figures->disk_percent * 100) / 100, "network", "bytes_sent",
                  (json_int_t)figures->network.sent, "bytes_recv",
                  (json_int_t)figures->network.received, "timestamp", timestamp);
    /* Five digits write 99.87 as 99.87, not as the nearest binary fraction. */
    char *body = event ? json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(5)) : NULL;
    json_decref(event);
    if (!body)
        die(1, "out of memory");
    return body;
}

/* libcurl brings a piece of the answer; all of it must be taken, or the connection is closed. */
static size_t take_answer(char *bytes, size_t size, size_t n, void *context)
{
    struct hub *hub = context;
    size_t room = sizeof hub->answer - 1 - hub->answer_n;
    size_t taken = size * n < room ? size * n : room;
    memcpy(hub->answer + hub->answer_n, bytes, taken);
    hub->answer_n += taken;
    hub->answer[hub->answer_n] = '\0';
    return size * n;
}

static void hub_open(struct hub *hub, const struct options *options)
{
    *hub = (struct hub){.url = options->url};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(hub->curl = curl_easy_init()))
        die(1, "libcurl cannot be started");

    /* A channel's name may hold any character; in a path it is percent-encoded. */
    char *channel = curl_easy_escape(hub->curl, options->channel, 0);
    size_t url_n = strlen(hub->url);
    while (url_n > 0 && hub->url[url_n - 1] == '/')
        url_n--;
    char *target = NULL;
    if (!channel || asprintf(&target, "%.*s/publish/%s?event=system-metrics", (int)url_n, hub->url,
                             channel) < 0)
        die(1, "out of memory");
    hub->headers = curl_slist_append(NULL, "Content-Type: application/json");

    curl_easy_setopt(hub->curl, CURLOPT_URL, target); /* copied */
    curl_easy_setopt(hub->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(hub->curl, CURLOPT_HTTPHEADER, hub->headers);
    curl_easy_setopt(hub->curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_TIMEOUT_MS);
    curl_easy_setopt(hub->curl, CURLOPT_ERRORBUFFER, hub->curl_error);
    curl_easy_setopt(hub->curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(hub->curl, CURLOPT_WRITEDATA, hub);
    curl_free(channel);
    free(target);
}

static void hub_close(struct hub *hub)
{
    curl_slist_free_all(hub->headers);
    curl_easy_cleanup(hub->curl);
    curl_global_cleanup();
}

/* Publishes one event; the HTTP status, or 0 if no answer came. */
static long publish(struct hub *hub, const char *body)
{
    long status = 0;
    hub->answer_n = 0;
    hub->answer[0] = hub->curl_error[0] = '\0';
    curl_easy_setopt(hub->curl, CURLOPT_POSTFIELDS, body); /* makes it a POST; not copied */
    CURLcode code = curl_easy_perform(hub->curl);
    if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
        die(2, "--url %s: write an address such as http://127.0.0.1:8080", hub->url);
    if (code == CURLE_OK)
        curl_easy_getinfo(hub->curl, CURLINFO_RESPONSE_CODE, &status);
    else if (!hub->curl_error[0])
        snprintf(hub->curl_error, sizeof hub->curl_error, "%s", curl_easy_strerror(code));
    return status;
}

/* Says in one line that the hub went away or came back, and nothing while that stays as it is. A
 * refusal ends the program: the same request would be refused again. */
static void report(struct hub *hub, long status)
{
    json_t *problem = status && status != 200 ? json_loads(hub->answer, 0, NULL) : NULL;
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    if (!detail)
        detail = "no reason given";
    if (status >= 400 && status < 500 && status != 408 && status != 429)
        die(1, "%s refuses the event: %ld, %s", hub->url, status, detail);
    bool away = status != 200;
    if (away && !hub->away && status == 0)
        fprintf(stderr, "system-metrics: cannot reach %s: %s; trying again\n", hub->url,
                hub->curl_error);
    else if (away && !hub->away)
        fprintf(stderr, "system-metrics: %s does not publish: %ld, %s; trying again\n", hub->url,
                status, detail);
    else if (!away && hub->away)
        fprintf(stderr, "system-metrics: %s is back\n", hub->url);
    hub->away = away;
    json_decref(problem);
}

/* Sleeps until the beat is due, and returns the one after it. Beats lie on a fixed grid of
 * monotonic time, so that lateness never adds up; those that passed during a slow request are left
 * out. */
static uint64_t next_beat(uint64_t due_ms, uint64_t interval_ms)
{
    struct timespec due = {(time_t)(due_ms / 1000), (long)(due_ms % 1000) * 1000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
        ;
    return due_ms + ((clock_mono_ms() - due_ms) / interval_ms + 1) * interval_ms;
}

/* Ctrl-C and SIGTERM: each event is complete in itself, so there is nothing to bring to an end. */
static void end(int signal_number)
{
    (void)signal_number;
    _exit(0);
}

int main(int argc, char **argv)
{
    struct options options = read_options(argc, argv);
    signal(SIGINT, end);
    signal(SIGTERM, end);

    struct figures before, now;
    const char *broken;
    if (!figures_read(&before, &broken))
        die(1, "cannot read the figures in %s", broken);
    struct hub hub;
    hub_open(&hub, &options);
    uint64_t due = clock_mono_ms() +
                   (options.interval_ms < FIRST_WAIT_MS ? options.interval_ms : FIRST_WAIT_MS);
    for (uint64_t published = 0; options.count == 0 || published < options.count;) {
        due = next_beat(due, options.interval_ms);
        if (!figures_read(&now, &broken))
            die(1, "cannot read the figures in %s", broken);
        char *body = make_body(&now, figures_cpu_percent(before.cpu, now.cpu));
        before = now;
        long status = publish(&hub, body);
        report(&hub, status);
        published += status == 200;
        free(body);
    }
    hub_close(&hub);
    return 0;
}
