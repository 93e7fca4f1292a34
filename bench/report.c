/* The same figures twice: lines for people, and one JSON object. */
#include "report.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool report_good(const struct report *report)
{
    return report->complete && check_clean(report->check) && !report->gaps && !report->failed &&
           !report->ended;
}

static double per(double value, double count)
{
    return count > 0 ? value / count : 0;
}

static double ms(uint64_t ns)
{
    return (double)ns / 1e6;
}

static double bytes_each(double before, double after, double count)
{
    return before >= 0 && after >= 0 && count > 0 ? (after - before) / count : -1;
}

static double streams(const struct report *report)
{
    return (double)report->options->subscribers + report->options->stuck;
}

/* 1234567 as 1,234,567; in one of a few static places. */
static const char *grouped(double value)
{
    static char places[4][32];
    static unsigned place;
    char digits[32];
    char *out = places[place++ % 4];
    int n = snprintf(digits, sizeof digits, "%.0f", value), written = 0;
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0 && digits[i - 1] != '-')
            out[written++] = ',';
        out[written++] = digits[i];
    }
    out[written] = '\0';
    return out;
}

static void print_server(const struct report *report)
{
    const struct report_server *server = &report->server;
    if (server->pss_before < 0)
        return;
    printf("server       ");
    if (server->connect_cpu_us >= 0)
        printf("%.1f µs CPU a connect; ", server->connect_cpu_us);
    if (server->publish_cpu_us >= 0)
        printf("%.1f µs CPU an event; ", server->publish_cpu_us);
    if (server->delivery_cpu_us >= 0)
        printf("%.2f µs CPU a delivery", server->delivery_cpu_us);
    printf("\nmemory       %.1f MiB before, %.1f MiB at most", server->pss_before / 1048576,
           server->pss_peak / 1048576);
    double stream = bytes_each(server->pss_before, server->pss_idle, streams(report));
    double channel =
        bytes_each(server->pss_before, server->pss_published, report->options->channels);
    if (stream >= 0)
        printf("; %s bytes for an idle stream", grouped(stream));
    if (channel >= 0)
        printf("; %s bytes for a channel with its events", grouped(channel));
    putchar('\n');
}

void report_print(const struct report *report)
{
    const struct check *check = report->check;
    if (report->failure[0])
        printf("trouble      %s\n", report->failure);
    printf("streams      %s open in %.2f s, %s a second; %s failed, %s ended by the hub\n",
           grouped((double)report->open), report->connect_seconds,
           grouped(per((double)report->open, report->connect_seconds)),
           grouped((double)report->failed), grouped((double)report->ended));
    printf("published    %s events of %u bytes in %.2f s, %s a second; answers p50 %.2f ms, "
           "p99 %.2f ms\n",
           grouped((double)report->answered), report->options->size, report->publish_seconds,
           grouped(per((double)report->answered, report->publish_seconds)),
           ms(report->answer_p50_ns), ms(report->answer_p99_ns));
    printf("delivered    %s of %s in %.2f s, %s a second\n", grouped((double)check->delivered),
           grouped((double)report->expected), report->delivery_seconds,
           grouped(per((double)check->delivered, report->delivery_seconds)));
    printf("wrong        %s lost, %s repeated, %s disordered", grouped((double)check->lost),
           grouped((double)check->repeated), grouped((double)check->disordered));
    printf(", %s damaged, %s astray, %s gaps told\n", grouped((double)check->damaged),
           grouped((double)check->strayed), grouped((double)report->gaps));
    printf("latency      p50 %.2f ms, p99 %.2f ms, max %.2f ms\n",
           ms(histogram_at(&check->latency, 0.5)), ms(histogram_at(&check->latency, 0.99)),
           ms(check->latency.max_ns));
    print_server(report);
    printf("%s\n", report_good(report) ? "every event once and in order" : "NOT GOOD");
}

static void set(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) != 0)
        abort();
}

static void set_count(json_t *object, const char *name, uint64_t value)
{
    set(object, name, json_integer((json_int_t)value));
}

/* null where it was not measured. */
static void set_figure(json_t *object, const char *name, double value)
{
    set(object, name, value >= 0 ? json_real(value) : json_null());
}

static json_t *server_json(const struct report *report)
{
    const struct report_server *server = &report->server;
    json_t *object = json_object();
    set_figure(object, "connect_cpu_us", server->connect_cpu_us);
    set_figure(object, "publish_cpu_us", server->publish_cpu_us);
    set_figure(object, "delivery_cpu_us", server->delivery_cpu_us);
    set_figure(object, "pss_before", server->pss_before);
    set_figure(object, "pss_idle", server->pss_idle);
    set_figure(object, "pss_published", server->pss_published);
    set_figure(object, "pss_peak", server->pss_peak);
    set_figure(object, "bytes_per_stream",
               bytes_each(server->pss_before, server->pss_idle, streams(report)));
    set_figure(object, "bytes_per_channel",
               bytes_each(server->pss_before, server->pss_published, report->options->channels));
    return object;
}

void report_print_json(const struct report *report)
{
    const struct check *check = report->check;
    json_t *object = json_object();
    set(object, "good", json_boolean(report_good(report)));
    set(object, "failure", report->failure[0] ? json_string(report->failure) : json_null());
    set_count(object, "streams", report->open);
    set_count(object, "streams_failed", report->failed);
    set_count(object, "streams_ended", report->ended);
    set_figure(object, "connect_seconds", report->connect_seconds);
    set_count(object, "published", report->answered);
    set_figure(object, "publish_seconds", report->publish_seconds);
    set_figure(object, "answer_p50_ms", ms(report->answer_p50_ns));
    set_figure(object, "answer_p99_ms", ms(report->answer_p99_ns));
    set_count(object, "delivered", check->delivered);
    set_count(object, "expected", report->expected);
    set_figure(object, "delivery_seconds", report->delivery_seconds);
    set_figure(object, "deliveries_per_second",
               per((double)check->delivered, report->delivery_seconds));
    set_count(object, "bytes", report->bytes);
    set_count(object, "lost", check->lost);
    set_count(object, "repeated", check->repeated);
    set_count(object, "disordered", check->disordered);
    set_count(object, "damaged", check->damaged);
    set_count(object, "astray", check->strayed);
    set_count(object, "gaps", report->gaps);
    set_figure(object, "latency_p50_ms", ms(histogram_at(&check->latency, 0.5)));
    set_figure(object, "latency_p99_ms", ms(histogram_at(&check->latency, 0.99)));
    set_figure(object, "latency_max_ms", ms(check->latency.max_ns));
    set(object, "server", server_json(report));
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
    putchar('\n');
    json_decref(object);
}

void report_progress(const char *format, ...)
{
    char line[256];
    struct winsize size;
    va_list arguments;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    /* A line that wraps could not be written over. */
    fprintf(stderr, "\r\033[K%.*s", size.ws_col > 1 ? size.ws_col - 1 : 79, line);
}
