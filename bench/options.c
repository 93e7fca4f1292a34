/* One table of options: name, what it takes, help. */
#include "options.h"

#include "base/units.h"
#include "payload.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    const char *name;
    const char *argument;
    const char *help;
};

static const struct row rows[] = {
#define OPTION(symbol, name, argument, help) {name, argument, help},
#include "options.def"
#undef OPTION
};

enum symbol {
#define OPTION(symbol, name, argument, help) OPTION_##symbol,
#include "options.def"
#undef OPTION
    OPTION_COUNT
};

static _Noreturn void print_help(void)
{
    printf("usage: load [options] http://HOST:PORT\n\n"
           "Opens subscribers to a hub for Server-Sent Events, publishes, and checks that every\n"
           "subscriber gets every event once and in order. The exit status is 1 if not.\n\n");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char left[40];
        snprintf(left, sizeof left, "--%s %s", rows[i].name, rows[i].argument);
        printf("  %-22s %s\n", left, rows[i].help);
    }
    exit(0);
}

__attribute__((format(printf, 1, 2))) static _Noreturn void refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputs("; see load --help\n", stderr);
    va_end(arguments);
    exit(2);
}

static uint64_t number(const char *name, uint64_t least, uint64_t most)
{
    uint64_t value;
    if (!number_parse(span_from(optarg), most, &value) || value < least)
        refuse("--%s %s: a whole number from %llu to %llu is wanted", name, optarg,
               (unsigned long long)least, (unsigned long long)most);
    return value;
}

static double real(const char *name)
{
    char *end;
    double value = strtod(optarg, &end);
    if (end == optarg || *end || !isfinite(value) || value < 0)
        refuse("--%s %s: a number is wanted, 0 or more", name, optarg);
    return value;
}

static enum options_when when(void)
{
    static const char *const names[] = {"live", "return", "after"};
    for (int i = 0; i < 3; i++)
        if (strcmp(optarg, names[i]) == 0)
            return (enum options_when)i;
    refuse("--when %s: live, return or after is wanted", optarg);
}

static void take(struct options *options, enum symbol symbol)
{
    const char *name = rows[symbol].name;
    switch (symbol) {
    case OPTION_WHEN:
        options->when = when();
        break;
    case OPTION_SUBSCRIBERS:
        options->subscribers = (uint32_t)number(name, 0, 1000000);
        break;
    case OPTION_STUCK:
        options->stuck = (uint32_t)number(name, 0, 1000000);
        break;
    case OPTION_CHANNELS:
        options->channels = (uint32_t)number(name, 1, PAYLOAD_CHANNELS_MAX);
        break;
    case OPTION_PER_STREAM:
        options->per_stream = (uint32_t)number(name, 1, 10000);
        break;
    case OPTION_STRIDE:
        options->stride = (uint32_t)number(name, 1, PAYLOAD_CHANNELS_MAX);
        break;
    case OPTION_EVENTS:
        options->events = number(name, 0, UINT32_MAX);
        break;
    case OPTION_SIZE:
        options->size = (uint32_t)number(name, PAYLOAD_FRONT, 1 << 24);
        break;
    case OPTION_RATE:
        options->rate = real(name);
        break;
    case OPTION_PUBLISHERS:
        options->publishers = (uint32_t)number(name, 1, 1000);
        break;
    case OPTION_AT_ONCE:
        options->at_once = (uint32_t)number(name, 1, 1000000);
        break;
    case OPTION_STREAM:
        options->stream = optarg;
        break;
    case OPTION_MORE:
        options->more = optarg;
        break;
    case OPTION_PUBLISH:
        options->publish = optarg;
        break;
    case OPTION_SETTLE:
        options->settle = real(name);
        break;
    case OPTION_PATIENCE:
        options->patience = real(name);
        break;
    case OPTION_TIME_LIMIT:
        options->time_limit = real(name);
        break;
    case OPTION_PID:
        options->pid = (pid_t)number(name, 1, 1 << 30);
        break;
    case OPTION_JSON:
        options->json = true;
        break;
    case OPTION_HELP:
    case OPTION_COUNT:
        print_help();
    }
}

/* http://HOST:PORT, where HOST may stand in brackets. */
static void take_url(struct options *options, const char *url)
{
    static const char scheme[] = "http://";
    char host[256];
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        refuse("%s: a URL like http://127.0.0.1:8080 is wanted", url);
    options->authority = url + sizeof scheme - 1;
    const char *port = strrchr(options->authority, ':');
    size_t n = port ? (size_t)(port - options->authority) : 0;
    if (!port || n == 0 || n >= sizeof host || strchr(options->authority, '/'))
        refuse("%s: a URL like http://127.0.0.1:8080 is wanted, without a path", url);
    bool bracketed = n > 2 && options->authority[0] == '[' && port[-1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(bracketed ? n - 2 : n),
             options->authority + bracketed);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int error = getaddrinfo(host, port + 1, &hints, &found);
    if (error)
        refuse("%s: %s", url, gai_strerror(error));
    memcpy(&options->address, found->ai_addr, found->ai_addrlen);
    options->address_size = found->ai_addrlen;
    freeaddrinfo(found);
}

void options_read(struct options *options, int argc, char **argv)
{
    struct option table[OPTION_COUNT + 1] = {0};
    for (int i = 0; i < OPTION_COUNT; i++)
        table[i] = (struct option){rows[i].name, rows[i].argument[0] != '\0', NULL, i};
    *options = (struct options){.subscribers = 100,
                                .channels = 1,
                                .per_stream = 1,
                                .events = 100,
                                .size = 150,
                                .publishers = 1,
                                .at_once = 500,
                                .stream = "/events/bench-%d",
                                .more = "&channel=bench-%d",
                                .publish = "/publish/bench-%d",
                                .settle = 1,
                                .patience = 15,
                                .time_limit = 300};
    int symbol;
    while ((symbol = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (symbol == '?')
            exit(2);
        take(options, (enum symbol)symbol);
    }
    if (optind + 1 != argc)
        refuse("the URL of one hub is wanted");
    take_url(options, argv[optind]);
    if (!options->stride)
        options->stride = options->per_stream;
    if (options->per_stream > options->channels)
        refuse("--per-stream is more than --channels");
    /* Each publisher has channels of its own, so that a channel's order is that of one connection.
     */
    if (options->channels % options->publishers)
        refuse("--channels must be a multiple of --publishers");
}
