/* The command line, and the requests that follow from it. */
#include "unit.h"

#include "bench/requests.h"

#include <sys/resource.h>

struct reading {
    struct plan plan;
    struct options options;
    bool good;
};

static const char *const url = "http://127.0.0.1:8080";

/* Flags, ended by NULL. */
static struct reading *read_plan(const char *const *flags, const char *hub_url)
{
    struct reading *reading = calloc(1, sizeof *reading);
    char *arguments[32];
    int count = 0;
    while (flags[count]) {
        arguments[count] = (char *)(uintptr_t)flags[count];
        count++;
    }
    options_init(&reading->options, plan_rows, plan_row_count, &reading->plan);
    reading->good = options_read_flags(&reading->options, &count, arguments) &&
                    plan_complete(&reading->plan, hub_url, &reading->options);
    return reading;
}

#define READ(...) read_plan((const char *const[]){__VA_ARGS__, NULL}, url)

static void reading_free(struct reading *reading)
{
    options_fini(&reading->options);
    free(reading);
}

static void assert_subscribes(struct reading *reading, uint32_t first, const char *id,
                              const char *wanted)
{
    struct buf out;
    buf_init(&out, 4096);
    assert_true(reading->good);
    request_subscribe(&out, &reading->plan, first, id);
    assert_spans(buf_span(&out), span_from(wanted));
    buf_fini(&out);
}

/* So many events from channel 1; in `wanted` the data is DATA. */
static void assert_publishes(struct reading *reading, unsigned events, const char *wanted)
{
    struct buf body, out, text;
    struct payload payload;
    buf_init(&body, 4096);
    buf_init(&out, 4096);
    buf_init(&text, 4096);
    assert_true(reading->good);
    payload_init(&payload, PAYLOAD_FRONT, SPAN(""), SPAN(""));
    memcpy(payload.data, "DATA", 4);
    payload.size = 4;
    for (uint32_t i = 1; i <= events; i++)
        request_add_event(&body, &reading->plan, i, &payload);
    request_publish(&out, &reading->plan, 1, &body);
    assert_spans(buf_span(&out), span_from(wanted));
    payload_fini(&payload);
    buf_fini(&body);
    buf_fini(&out);
    buf_fini(&text);
}

static void freshet_is_the_default(void **state)
{
    (void)state;
    struct reading *reading = read_plan((const char *const[]){NULL}, url);
    assert_subscribes(reading, 0, NULL,
                      "GET /events/bench-0 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                      "Accept: text/event-stream\r\n\r\n");
    assert_publishes(reading, 1,
                     "POST /publish/bench-1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                     "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nDATA");
    assert_true(reading->plan.hub->opens_with_block);
    assert_int_equal(reading->plan.processes, 1);
    assert_int_equal(reading->plan.sources.count, 0);
    reading_free(reading);
}

static void freshet_takes_several_channels_and_batches(void **state)
{
    (void)state;
    struct reading *reading =
        READ("--channels", "3", "--per-stream", "2", "--batch", "10", "--channel", "a:{n}");
    assert_subscribes(reading, 2, "1-0",
                      "GET /events?channel=a%3A2&channel=a%3A0 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                      "Accept: text/event-stream\r\nLast-Event-ID: 1-0\r\n\r\n");
    assert_publishes(
        reading, 2,
        "POST /publish HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
        "Content-Type: application/x-ndjson\r\nContent-Length: 64\r\n\r\n"
        "{\"channel\":\"a:1\",\"data\":\"DATA\"}\n{\"channel\":\"a:2\",\"data\":\"DATA\"}\n");
    reading_free(reading);
    reading = READ("--batch", "2");
    assert_publishes(reading, 1,
                     "POST /publish/bench-1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                     "Content-Type: application/x-ndjson\r\nContent-Length: 16\r\n\r\n"
                     "{\"data\":\"DATA\"}\n");
    reading_free(reading);
}

static void nchan_is_known(void **state)
{
    (void)state;
    struct reading *reading =
        READ("--hub", "nchan", "--channels", "4", "--per-stream", "2", "--when", "return");
    assert_subscribes(reading, 3, "1700000000:1",
                      "GET /sub?id=bench-3,bench-0 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                      "Accept: text/event-stream\r\nLast-Event-ID: 1700000000:1\r\n\r\n");
    assert_publishes(reading, 1,
                     "POST /pub?id=bench-1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                     "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nDATA");
    assert_int_equal(reading->plan.first, 4);
    assert_int_equal(reading->plan.layout.events, 104);
    reading_free(reading);
}

static void who_comes_after_begins_with_the_oldest(void **state)
{
    (void)state;
    struct reading *reading =
        READ("--when", "after", "--channels", "3", "--per-stream", "2", "--channel", "a:{n}");
    assert_subscribes(reading, 2, NULL,
                      "GET /events?from=earliest&channel=a%3A2&channel=a%3A0 HTTP/1.1\r\n"
                      "Host: 127.0.0.1:8080\r\nAccept: text/event-stream\r\n\r\n");
    reading_free(reading);
    reading = READ("--when", "after", "--hub", "mercure");
    assert_subscribes(reading, 0, NULL,
                      "GET /.well-known/mercure?lastEventID=earliest&topic=bench-0 HTTP/1.1\r\n"
                      "Host: 127.0.0.1:8080\r\nAccept: text/event-stream\r\n\r\n");
    reading_free(reading);
    reading = READ("--when", "after", "--subscribe-path", "/own?{channel}");
    assert_subscribes(reading, 0, NULL,
                      "GET /own?bench-0 HTTP/1.1\r\n"
                      "Host: 127.0.0.1:8080\r\nAccept: text/event-stream\r\n\r\n");
    reading_free(reading);
}

static void mercure_is_known(void **state)
{
    (void)state;
    struct reading *reading =
        READ("--hub", "mercure", "--token", "a.b.c", "--channel", "https://example.com/{n}");
    assert_subscribes(reading, 0, NULL,
                      "GET /.well-known/mercure?topic=https%3A%2F%2Fexample.com%2F0 HTTP/1.1\r\n"
                      "Host: 127.0.0.1:8080\r\nAccept: text/event-stream\r\n\r\n");
    assert_publishes(reading, 1,
                     "POST /.well-known/mercure HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                     "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 45\r\n"
                     "Authorization: Bearer a.b.c\r\n\r\n"
                     "topic=https%3A%2F%2Fexample.com%2F1&data=DATA");
    reading_free(reading);
}

static void any_other_hub_is_described(void **state)
{
    (void)state;
    struct reading *reading = read_plan(
        (const char *const[]){"--hub", "other", "--subscribe-path", "/s?c={channel}",
                              "--subscribe-header", "X-N: {n}", "--publish-path",
                              "http://127.0.0.1:9/p/{n}", "--publish-method", "PUT",
                              "--publish-type", "application/json", "--publish-body",
                              "{\"to\":\"{channel}\",\"text\":\"{data}\"}", "--publish-header",
                              "X-Key: {token}", "--event-data", "{\"text\":\"{data}\"}", NULL},
        "http://localhost:8080/api/");
    assert_subscribes(reading, 0, NULL,
                      "GET /api/s?c=bench-0 HTTP/1.1\r\nHost: localhost:8080\r\n"
                      "Accept: text/event-stream\r\nX-N: 0\r\n\r\n");
    assert_publishes(reading, 1,
                     "PUT /p/1 HTTP/1.1\r\nHost: 127.0.0.1:9\r\n"
                     "Content-Type: application/json\r\nContent-Length: 30\r\nX-Key: \r\n\r\n"
                     "{\"to\":\"bench-1\",\"text\":\"DATA\"}");
    reading_free(reading);
}

static void more_streams_than_an_address_has_ports_come_from_several(void **state)
{
    (void)state;
    struct reading *reading = READ("--subscribers", "60000", "--processes", "64");
    assert_true(reading->good);
    assert_in_range(reading->plan.sources.count, 2, SOURCES_MAX);
    reading_free(reading);
    reading = READ("--source", "127.0.0.7", "--source", "127.0.0.8");
    assert_true(reading->good);
    assert_int_equal(reading->plan.sources.count, 2);
    reading_free(reading);
}

static void what_is_wrong_is_told_with_what_would_be_right(void **state)
{
    (void)state;
    static const struct {
        const char *flags[5], *why, *url;
    } table[] = {
        {{"--per-stream", "2"}, "--per-stream is more than --channels"},
        {{"--channels", "3", "--publishers", "2"}, "--channels must be a multiple"},
        {{"--channels", "3", "--channel", "all"}, "--channel: write {n} in it"},
        {{"--hub", "other"}, "give --subscribe-path and --publish-path"},
        {{"--hub", "nchan", "--batch", "2"}, "nchan takes one event a publish"},
        {{"--hub", "caddy"}, "write one of freshet|nchan|mercure|other"},
        {{"--subscribe-path", "/s/{chan}"}, "the places in braces are"},
        {{"--subscribe-path", "s"}, "a path begins with /"},
        {{"--publish-header", "nothing"}, "a header is one line"},
        {{"--publish-header", "a: b\r\nc: d"}, "a header is one line"},
        {{"--event-data", "none"}, "write {data} in it"},
        {{"--source", "localhost"}, "an address in digits"},
        {{"--source", "::1"}, "of the same kind as the hub's"},
        {{"--pid", "nginx"}, "a process id is wanted"},
        {{"--size", "45"}, "from 46"},
        {{"--size", "16M", "--batch", "100"}, "too many bytes"},
        {{"--subscribers", "1000000", "--processes", "1"}, "processes, by the limit of"},
        {{NULL}, "TLS is not spoken", "https://127.0.0.1"},
        {{NULL}, "a URL like http://127.0.0.1:8080", "127.0.0.1:8080"},
        {{NULL}, "a host, and perhaps a port", "http:///x"},
        {{NULL}, "no more than a path", "http://127.0.0.1/x?y"},
        {{NULL}, "http://127.0.0.1:port", "http://127.0.0.1:port"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct reading *reading = read_plan(table[i].flags, table[i].url ? table[i].url : url);
        if (reading->good || !strstr(reading->options.why, table[i].why))
            fail_msg("%s %s: %s", table[i].flags[0], table[i].why, reading->options.why);
        reading_free(reading);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freshet_is_the_default),
        cmocka_unit_test(freshet_takes_several_channels_and_batches),
        cmocka_unit_test(nchan_is_known),
        cmocka_unit_test(who_comes_after_begins_with_the_oldest),
        cmocka_unit_test(mercure_is_known),
        cmocka_unit_test(any_other_hub_is_described),
        cmocka_unit_test(more_streams_than_an_address_has_ports_come_from_several),
        cmocka_unit_test(what_is_wrong_is_told_with_what_would_be_right),
    };
    struct rlimit files = {4096, 4096}; /* so that the same is too much everywhere */
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        print_message("the limit of open files stays\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
