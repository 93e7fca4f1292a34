/* The report for people: sections of rows, at most 80 columns wide. */
#include "bench/report.h"

#include "bench/chart.h"
#include "bench/figures.h"

#include <stdarg.h>
#include <stdio.h>

bool report_good(const struct report *report)
{
    return report->complete && tally_clean(&report->sum) && !report->failed;
}

double report_per(double value, double count)
{
    return count > 0 ? value / count : 0;
}

static double bytes_each(double before, double after, uint64_t count)
{
    return before >= 0 && after >= 0 && count ? (after - before) / (double)count : -1;
}

double report_bytes_per_stream(const struct report *report)
{
    return bytes_each(report->server.own_before, report->server.own_idle, report->plan->streams);
}

double report_bytes_per_channel(const struct report *report)
{
    return bytes_each(report->server.own_before, report->server.own_published,
                      report->plan->channels);
}

__attribute__((format(printf, 2, 3))) static void row(const char *name, const char *format, ...)
{
    va_list arguments;
    printf("  %-17s ", name);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

static struct figure count(uint64_t value)
{
    return figure_count((double)value);
}

static struct figure at(const struct histogram *histogram, double part)
{
    return figure_duration((double)histogram_at(histogram, part));
}

static void print_streams(const struct report *report)
{
    puts("\nSubscribers");
    row("open", "%s of %s", count(report->open).text, count(report->plan->streams).text);
    if (report->connect_seconds > 0)
        row("connect rate", "%s a second, for %.2f s",
            figure_count(report_per((double)report->open, report->connect_seconds)).text,
            report->connect_seconds);
}

static void print_publishing(const struct report *report)
{
    const struct plan *plan = report->plan;
    puts("\nPublishing");
    row("answered", "%s of %s events of %s", count(report->published).text,
        count(plan->events).text, figure_bytes((double)plan->size).text);
    if (report->unanswered)
        row("without answer", "%s", count(report->unanswered).text);
    if (!report->answers.count)
        return;
    row("rate", "%s events a second, for %.2f s",
        figure_count(report_per((double)report->published, report->publish_seconds)).text,
        report->publish_seconds);
    if (plan->batch > 1)
        row("requests", "%s, of up to %s events", count(report->answers.count).text,
            count(plan->batch).text);
    row("answered after", "p50 %s, p90 %s, p99 %s, max %s", at(&report->answers, 0.5).text,
        at(&report->answers, 0.9).text, at(&report->answers, 0.99).text,
        at(&report->answers, 1).text);
}

static void print_deliveries(const struct report *report)
{
    static const struct part {
        const char *name;
        double part;
    } parts[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};
    const struct histogram *latency = &report->sum.latency;
    puts("\nDeliveries");
    row("arrived", "%s of %s", count(report->delivered).text, count(report->expected).text);
    if (report->delivery_seconds > 0)
        row("rate", "%s a second, %s a second, for %.2f s",
            figure_count(report_per((double)report->delivered, report->delivery_seconds)).text,
            figure_bytes(report_per((double)report->delivered_bytes, report->delivery_seconds))
                .text,
            report->delivery_seconds);
    if (!latency->count)
        return;
    printf("\nLatency, from publishing%s to reading\n",
           report->plan->when == WHEN_LIVE ? "" : ", or from coming back,");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        row(parts[i].name, "%s", at(latency, parts[i].part).text);
    putchar('\n');
    chart_print(latency);
}

static void print_server(const struct report *report)
{
    const struct report_server *server = &report->server;
    double stream = report_bytes_per_stream(report), channel = report_bytes_per_channel(report);
    if (!report->processes)
        return;
    printf("\nServer, %zu process%s\n", report->processes, report->processes > 1 ? "es" : "");
    if (server->connect_cpu_us >= 0)
        row("CPU a connect", "%s", figure_duration(server->connect_cpu_us * 1000).text);
    if (server->publish_cpu_us >= 0)
        row("CPU an event", "%s%s", figure_duration(server->publish_cpu_us * 1000).text,
            report->plan->when == WHEN_LIVE ? ", with its deliveries" : "");
    if (server->delivery_cpu_us >= 0)
        row("CPU a delivery", "%s%s", figure_duration(server->delivery_cpu_us * 1000).text,
            report->plan->when == WHEN_LIVE ? ", with the publishing" : "");
    if (server->own_before >= 0)
        row("own memory", "%s before, %s at most", figure_bytes(server->own_before).text,
            figure_bytes(server->own_peak).text);
    else
        row("own memory", "may not be read by you");
    if (stream >= 0)
        row("memory a stream", "%s, idle", figure_bytes(stream).text);
    if (channel >= 0)
        row("memory a channel", "%s, with its events", figure_bytes(channel).text);
}

static void print_generator(const struct report *report)
{
    const struct plan *plan = report->plan;
    puts("\nGenerator");
    row("processes", "%s to read, 1 to publish", count(plan->processes).text);
    if (plan->sources.count)
        row("local addresses", "%zu", plan->sources.count);
    row("busiest process", "%.0f %% of a core while delivering%s", 100 * report->busiest_core,
        report->busiest_core > 0.9 ? ": it may be the limit" : "");
}

static const struct kind {
    const char *name;
    size_t offset;
} kinds[] = {
    {"lost", offsetof(struct tally, lost)},
    {"repeated", offsetof(struct tally, repeated)},
    {"out of order", offsetof(struct tally, disordered)},
    {"damaged", offsetof(struct tally, damaged)},
    {"astray", offsetof(struct tally, strayed)},
    {"gaps told", offsetof(struct tally, gaps)},
    {"busy told", offsetof(struct tally, busy)},
    {"streams ended", offsetof(struct tally, ended)},
    {"streams refused", offsetof(struct tally, failed)},
};

static void print_checks(const struct report *report)
{
    puts("\nChecks of every delivery");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        uint64_t value;
        memcpy(&value, (const char *)&report->sum + kinds[i].offset, sizeof value);
        row(kinds[i].name, "%s", count(value).text);
    }
    if (report->sum.foreign)
        row("other events", "%s, not counted", count(report->sum.foreign).text);
    if (report->failure[0])
        printf("\nTrouble: %s\n", report->failure);
    puts(report_good(report) ? "\nGood: every event came once, whole and in order."
                             : "\nNOT GOOD.");
}

void report_print(const struct report *report)
{
    const struct plan *plan = report->plan;
    if (plan->json) {
        report_print_json(report);
        return;
    }
    printf("%s (%s)\n", plan->url, plan->hub->name);
    print_streams(report);
    print_publishing(report);
    print_deliveries(report);
    print_server(report);
    print_generator(report);
    print_checks(report);
}
