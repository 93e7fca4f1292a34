/* Settings: read from the command line by the table. */
#include "server/settings.h"

#include "base/check.h"
#include "base/units.h"
#include "engine/engine.h"

#include <stdio.h>
#include <unistd.h>

enum kind { COUNT, SIZE, DURATION };

struct row {
    const char *flag, *initial, *shown, *help;
    size_t offset;
    enum kind kind;
};

static const struct row rows[] = {
#define SETTING(field, flag, kind, initial, shown, help) \
    {flag, initial, shown, help, offsetof(struct settings, field), kind},
#include "server/settings.def"
#undef SETTING
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static const char default_listen[] = "127.0.0.1:8080";

static const char *set(struct settings *settings, const struct row *row, struct span text)
{
    uint64_t *field = (uint64_t *)(void *)((char *)settings + row->offset);
    switch (row->kind) {
    case COUNT:
        return number_parse(text, UINT64_C(1000000000), field)
                   ? NULL
                   : "not a whole number; write digits, such as 1000";
    case SIZE:
        return size_parse(text, field) ? error_text(ERROR_SIZE_SYNTAX) : NULL;
    case DURATION:
        return duration_parse(text, field) ? error_text(ERROR_DURATION_SYNTAX) : NULL;
    }
    return NULL;
}

void settings_init(struct settings *settings)
{
    *settings = (struct settings){0};
    for (size_t i = 0; i < ROWS; i++)
        CHECK(!set(settings, &rows[i], span_from(rows[i].initial)));
}

static const char *check(const struct settings *settings)
{
    if (settings->workers > ENGINE_WORKERS_MAX)
        return "--workers: at most 64";
    if (settings->memory < 1 << 20)
        return "--memory: at least 1M";
    if (settings->max_channels < 1)
        return "--max-channels: at least 1";
    if (settings->max_event < 1 || settings->max_event > 256 << 20)
        return "--max-event: from 1 byte to 256M";
    if (settings->max_head < 256 || settings->max_head > 1 << 20)
        return "--max-head: from 256 bytes to 1M";
    const uint64_t waits[] = {settings->head_timeout, settings->body_timeout,
                              settings->idle_timeout};
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        if (waits[i] < 100 || waits[i] > 86400000)
            return "--head-timeout, --body-timeout and --idle-timeout: from 100ms to 1d";
    if (settings->keepalive < 100 || settings->stall_timeout < 100)
        return "--keepalive and --stall-timeout: at least 100ms";
    if (settings->stall_timeout > 86400000 || settings->keepalive > 86400000)
        return "--keepalive and --stall-timeout: at most 1d";
    if (settings->stop_spread > 3600000 || settings->stop_timeout > 3600000)
        return "--stop-spread and --stop-timeout: at most 1h";
    return NULL;
}

/* As browsers send it: no path, no user, no space. */
static bool is_origin(struct span text)
{
    if (span_equal(text, SPAN("*")))
        return true;
    size_t scheme =
        span_starts(text, SPAN("https://")) ? 8 : span_starts(text, SPAN("http://")) * 7;
    for (size_t i = scheme; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] > '~' || strchr("/\\?#@\"<>", text.p[i]))
            return false;
    return scheme && text.n > scheme;
}

static const char *take_flag(struct settings *settings, struct span name, const char *value)
{
    if (span_equal(name, SPAN("listen"))) {
        if (settings->listen_count == SETTINGS_LISTEN_MAX)
            return "at most 16 times";
        settings->listen[settings->listen_count++] = value;
        return NULL;
    }
    if (span_equal(name, SPAN("cors-origin"))) {
        if (!is_origin(span_from(value)))
            return "an origin is http:// or https://, a host and perhaps a port, such as "
                   "https://app.example.com; or * for all, which may then read";
        if (settings->origin_count == SETTINGS_ORIGINS_MAX)
            return "at most 64 times";
        settings->origins[settings->origin_count++] = value;
        return NULL;
    }
    for (size_t i = 0; i < ROWS; i++)
        if (span_equal(name, span_from(rows[i].flag)))
            return set(settings, &rows[i], span_from(value));
    return "no such flag; freshet serve --help lists them";
}

bool settings_read_flags(struct settings *settings, int count, char **arguments, char *why,
                         size_t size)
{
    for (int i = 0; i < count; i++) {
        const char *argument = arguments[i];
        if (strncmp(argument, "--", 2) != 0 || argument[2] == '\0') {
            snprintf(why, size, "%s: not a flag; flags begin with --", argument);
            return false;
        }
        const char *equals = strchr(argument, '=');
        struct span name = {argument + 2,
                            equals ? (size_t)(equals - argument - 2) : strlen(argument + 2)};
        const char *value = equals ? equals + 1 : i + 1 < count ? arguments[++i] : NULL;
        const char *error = value ? take_flag(settings, name, value) : "a value must follow";
        if (error) {
            snprintf(why, size, "--%.*s%s%s: %s", (int)name.n, name.p, value ? " " : "",
                     value ? value : "", error);
            return false;
        }
    }
    if (settings->listen_count == 0)
        settings->listen[settings->listen_count++] = default_listen;
    if (settings->workers == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        settings->workers = cores < 1                    ? 1
                            : cores > ENGINE_WORKERS_MAX ? ENGINE_WORKERS_MAX
                                                         : (uint64_t)cores;
    }
    const char *error = check(settings);
    if (error)
        snprintf(why, size, "%s", error);
    return !error;
}

enum error settings_write_help(struct buf *out)
{
    enum error error = buf_printf(out, "  --%-24s %s [%s]\n", "listen ADDR:PORT",
                                  "where to serve; may be repeated", default_listen);
    if (!error)
        error = buf_printf(out, "  --%-24s %s [none]\n", "cors-origin ORIGIN",
                           "pages of this origin may use the hub; may be repeated");
    for (size_t i = 0; i < ROWS && !error; i++) {
        char flag[48];
        snprintf(flag, sizeof flag, "%s %s", rows[i].flag, rows[i].shown);
        error = buf_printf(out, "  --%-24s %s [%s]\n", flag, rows[i].help, rows[i].initial);
    }
    return error;
}
