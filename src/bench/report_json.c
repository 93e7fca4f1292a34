/* The report as one JSON object. Its keys are for programs, and stay as they are. */
#include "bench/chart.h"
#include "bench/report.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static void set(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) != 0)
        abort();
}

static void set_count(json_t *object, const char *name, uint64_t value)
{
    set(object, name, json_integer((json_int_t)value));
}

static void set_figure(json_t *object, const char *name, double value)
{
    set(object, name, json_real(value));
}

/* null where it was not measured. */
static void set_measured(json_t *object, const char *name, double value)
{
    set(object, name, value >= 0 ? json_real(value) : json_null());
}

static void set_ms(json_t *object, const char *name, const struct histogram *histogram, double part)
{
    set_figure(object, name, (double)histogram_at(histogram, part) / 1e6);
}

static json_t *server_json(const struct report *report)
{
    const struct report_server *server = &report->server;
    json_t *object = json_object();
    set_count(object, "processes", report->processes);
    set_measured(object, "connect_cpu_us", server->connect_cpu_us);
    set_measured(object, "publish_cpu_us", server->publish_cpu_us);
    set_measured(object, "delivery_cpu_us", server->delivery_cpu_us);
    set_measured(object, "own_before", server->own_before);
    set_measured(object, "own_idle", server->own_idle);
    set_measured(object, "own_published", server->own_published);
    set_measured(object, "own_peak", server->own_peak);
    /* May be below zero, where a hub's memory shrank. */
    set(object, "bytes_per_stream",
        server->own_before >= 0 && server->own_idle >= 0 && report->plan->streams
            ? json_real(report_bytes_per_stream(report))
            : json_null());
    set(object, "bytes_per_channel",
        server->own_before >= 0 && server->own_published >= 0
            ? json_real(report_bytes_per_channel(report))
            : json_null());
    return object;
}

static json_t *generator_json(const struct report *report)
{
    json_t *object = json_object();
    set_count(object, "processes", report->plan->processes);
    set_count(object, "sources", report->plan->sources.count);
    set_figure(object, "busiest_core", report->busiest_core);
    return object;
}

static json_t *histogram_json(const struct histogram *histogram)
{
    struct chart_row rows[CHART_ROWS_MAX];
    size_t count = chart_make(histogram, rows);
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *object = json_object();
        set_figure(object, "up_to_ms", (double)rows[i].up_to_ns / 1e6);
        set_count(object, "count", rows[i].count);
        if (json_array_append_new(array, object) != 0)
            abort();
    }
    return array;
}

static void set_run(json_t *object, const struct report *report)
{
    static const char *const whens[] = {"live", "return", "after"};
    const struct plan *plan = report->plan;
    set(object, "good", json_boolean(report_good(report)));
    set(object, "failure", report->failure[0] ? json_string(report->failure) : json_null());
    set(object, "url", json_string(plan->url));
    set(object, "hub", json_string(plan->hub->name));
    set(object, "when", json_string(whens[plan->when]));
    set_count(object, "streams", report->open);
    set_count(object, "streams_failed", report->failed);
    set_count(object, "streams_ended", report->sum.ended);
    set_figure(object, "connect_seconds", report->connect_seconds);
    set_figure(object, "connects_per_second",
               report_per((double)report->open, report->connect_seconds));
}

static void set_published(json_t *object, const struct report *report)
{
    const struct histogram *answers = &report->answers;
    set_count(object, "published", report->published);
    set_count(object, "unanswered", report->unanswered);
    set_figure(object, "publish_seconds", report->publish_seconds);
    set_figure(object, "published_per_second",
               report_per((double)report->published, report->publish_seconds));
    set_count(object, "answers", answers->count);
    set_ms(object, "answer_p50_ms", answers, 0.5);
    set_ms(object, "answer_p90_ms", answers, 0.9);
    set_ms(object, "answer_p99_ms", answers, 0.99);
    set_ms(object, "answer_max_ms", answers, 1);
}

static void set_delivered(json_t *object, const struct report *report)
{
    const struct histogram *latency = &report->sum.latency;
    set_count(object, "delivered", report->delivered);
    set_count(object, "expected", report->expected);
    set_figure(object, "delivery_seconds", report->delivery_seconds);
    set_figure(object, "deliveries_per_second",
               report_per((double)report->delivered, report->delivery_seconds));
    set_figure(object, "bytes_per_second",
               report_per((double)report->delivered_bytes, report->delivery_seconds));
    set_count(object, "bytes", report->sum.bytes);
    set_ms(object, "latency_p50_ms", latency, 0.5);
    set_ms(object, "latency_p90_ms", latency, 0.9);
    set_ms(object, "latency_p99_ms", latency, 0.99);
    set_ms(object, "latency_p999_ms", latency, 0.999);
    set_ms(object, "latency_max_ms", latency, 1);
    set(object, "latency_histogram", histogram_json(latency));
}

static void set_checks(json_t *object, const struct tally *sum)
{
    set_count(object, "lost", sum->lost);
    set_count(object, "repeated", sum->repeated);
    set_count(object, "disordered", sum->disordered);
    set_count(object, "damaged", sum->damaged);
    set_count(object, "astray", sum->strayed);
    set_count(object, "gaps", sum->gaps);
    set_count(object, "busy", sum->busy);
    set_count(object, "foreign", sum->foreign);
}

void report_print_json(const struct report *report)
{
    json_t *object = json_object();
    set_run(object, report);
    set_published(object, report);
    set_delivered(object, report);
    set_checks(object, &report->sum);
    set(object, "server", server_json(report));
    set(object, "generator", generator_json(report));
    set_figure(object, "own_cpu_seconds", report->own_cpu_seconds);
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(8));
    putchar('\n');
    json_decref(object);
}
