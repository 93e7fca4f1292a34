/* The table of settings. Those that SIGHUP may change say so. */
#include "engine/engine.h"
#include "net/listener.h"
#include "server/names.h"
#include "server/settings.h"

enum {
    SECOND = 1000,
    HOUR = 3600 * SECOND,
    DAY = 24 * HOUR,
    COUNT_MAX = 1000000000,
    EVENT_MAX = 256 << 20,
    HEAD_MIN = 256,
    HEAD_MAX = 1 << 20,
    MEMORY_MIN = 1 << 20,
    TIMEOUT_MIN = 100,
};

/* As browsers send it: no path, no user, no space. */
static const char *check_origin(struct span text)
{
    size_t scheme =
        span_starts(text, SPAN("https://")) ? 8 : span_starts(text, SPAN("http://")) * 7;
    bool good = scheme && text.n > scheme;
    for (size_t i = scheme; i < text.n; i++)
        good &= text.p[i] > ' ' && text.p[i] <= '~' && !strchr("/\\?#@\"<>", text.p[i]);
    return good || span_equal(text, SPAN("*"))
               ? NULL
               : "an origin is http:// or https://, a host and perhaps a port, such as "
                 "https://app.example.com; or * for all, which may then read";
}

static const char *check_engine(struct span text)
{
    return span_equal(text, SPAN("memory"))
               ? NULL
               : "there is no such engine; write memory, the only one of this version";
}

static const char *check_match(struct span text)
{
    enum error error = channel_or_prefix_check(text);
    return error ? error_text(error) : NULL;
}

#define AT(field) .offset = offsetof(struct settings, field)

const struct option_row settings_rows[] = {
    {.kind = OPTION_HEADING, .help = "Serving"},
    {"listen", OPTION_TEXTS, AT(listen), "127.0.0.1:8080", "ADDR:PORT", "where to serve",
     .least = 1, .most = SETTINGS_LISTEN_MAX, .check = listener_check},
    {"workers", OPTION_COUNT, AT(workers), "0", "N",
     "threads that serve connections; 0: one a core", .most = ENGINE_WORKERS_MAX},
    {"cors-origin", OPTION_TEXTS, AT(origins), NULL, "ORIGIN",
     "pages of this origin may use the hub", .check = check_origin, .reload = true},

    {.kind = OPTION_HEADING, .help = "History"},
    {"engine", OPTION_TEXT, AT(engine), "memory", "ENGINE", "what keeps the events",
     .check = check_engine},
    {"history", OPTION_COUNT, AT(history), "1000", "N", "events kept a channel", .most = COUNT_MAX,
     .reload = true},
    {"ttl", OPTION_DURATION, AT(ttl), "5m", "DURATION", "how long an event is kept",
     .reload = true},
    {"history-bytes", OPTION_SIZE, AT(history_bytes), "16M", "SIZE", "bytes kept a channel",
     .reload = true},
    {"memory", OPTION_SIZE, AT(memory), "256M", "SIZE",
     "events held in memory in all; the oldest go first", .least = MEMORY_MIN, .reload = true},

    {.kind = OPTION_HEADING, .help = "Limits"},
    {"max-channels", OPTION_COUNT, AT(max_channels), "1000000", "N",
     "channels that are kept or watched at a time", .least = 1, .most = COUNT_MAX, .reload = true},
    {"max-event", OPTION_SIZE, AT(max_event), "1M", "SIZE", "data of one event", .least = 1,
     .most = EVENT_MAX, .reload = true},
    {"max-head", OPTION_SIZE, AT(max_head), "16K", "SIZE", "a request's first line and headers",
     .least = HEAD_MIN, .most = HEAD_MAX, .reload = true},

    {.kind = OPTION_HEADING, .help = "Streams and timeouts"},
    {"keepalive", OPTION_DURATION, AT(keepalive), "30s", "DURATION",
     "a comment after so long a silence on a stream", .least = TIMEOUT_MIN, .most = DAY,
     .reload = true},
    {"retry", OPTION_DURATION, AT(retry), "3s", "DURATION",
     "how long clients wait before they reconnect", .most = DAY, .reload = true},
    {"stall-timeout", OPTION_DURATION, AT(stall_timeout), "30s", "DURATION",
     "close a stream that takes no byte for so long", .least = TIMEOUT_MIN, .most = DAY,
     .reload = true},
    {"head-timeout", OPTION_DURATION, AT(head_timeout), "10s", "DURATION",
     "a request's head must have come after so long", .least = TIMEOUT_MIN, .most = DAY,
     .reload = true},
    {"body-timeout", OPTION_DURATION, AT(body_timeout), "30s", "DURATION", "and then its body",
     .least = TIMEOUT_MIN, .most = DAY, .reload = true},
    {"idle-timeout", OPTION_DURATION, AT(idle_timeout), "60s", "DURATION",
     "close a connection without a request for so long", .least = TIMEOUT_MIN, .most = DAY,
     .reload = true},

    {.kind = OPTION_HEADING, .help = "Stopping"},
    {"stop-spread", OPTION_DURATION, AT(stop_spread), "5s", "DURATION",
     "spread the reconnects over so long when the hub stops", .most = HOUR, .reload = true},
    {"stop-timeout", OPTION_DURATION, AT(stop_timeout), "10s", "DURATION",
     "be gone after so long at the latest when told to stop", .most = HOUR, .reload = true},

    {.kind = OPTION_HEADING, .help = "Logging"},
    {"log-level", OPTION_CHOICE, AT(log_level), "info", "LEVEL",
     "the least that is logged: debug, info, warn or error", "debug|info|warn|error",
     .reload = true},
    {"log-format", OPTION_CHOICE, AT(log_format), "text", "FORMAT",
     "how lines of the log are written: text or json", "text|json", .reload = true},

    {.kind = OPTION_HEADING, .help = "Settings"},
    {"config", OPTION_TEXT, AT(config), NULL, "FILE",
     "a YAML file of settings; SIGHUP reads it again", .no_key = true},
    {"print-settings", OPTION_SWITCH, AT(print),
     .help = "print what is in force and where each came from, and exit", .variable = "",
     .no_key = true},
};

const size_t settings_row_count = sizeof settings_rows / sizeof *settings_rows;

#undef AT
#define AT(field) .offset = offsetof(struct settings_rule, field)

const struct option_row settings_rule_rows[] = {
    {"match", OPTION_TEXT, AT(match), NULL, "NAME", "a channel, or the beginning of names and a *",
     .check = check_match},
    {"history", OPTION_COUNT, AT(history), NULL, "N", "events kept a channel", .most = COUNT_MAX},
    {"ttl", OPTION_DURATION, AT(ttl), NULL, "DURATION", "how long an event is kept"},
    {"history-bytes", OPTION_SIZE, AT(history_bytes), NULL, "SIZE", "bytes kept a channel"},
};

const size_t settings_rule_row_count = sizeof settings_rule_rows / sizeof *settings_rule_rows;
