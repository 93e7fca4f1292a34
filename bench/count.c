/* bench/count: scenes for callgrind, which bench/instructions runs it under. A whole hub with one
 * worker in this one thread: its engine and its worker take their turns by hand, and callgrind
 * collects in these turns, and where the worker takes a connection, alone. Its clients are the
 * other ends of socket pairs; they write before the turns and read after them. Nothing is replaced
 * inside the hub.
 *
 * A scene is played in two sizes, each on a hub of its own, and each leaves a dump of callgrind's
 * called `SCENE UNITS`: what the larger one takes more, divided by its further units, is what one
 * unit costs, without what every run begins with. */
#include "base/check.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/log.h"
#include "server/connection.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

enum {
    DATA = 150,    /* bytes of an event's data */
    HISTORY = 100, /* events; what is behind them goes with each publish, as in a hub that has run a
                      while */
    GROUP = 32, /* streams that come in one turn: as many as the engine opens in one of its own */
    HOUR_MS = 3600 * 1000,
};

struct hub {
    struct settings settings;
    struct engine *engine;
    struct worker worker;
    int *clients; /* the readers' ends, in the order in which they came */
    size_t count;
    int publisher;
    char position[ID_TEXT_MAX + 1]; /* an event's, when asked for */
};

/* ---- turns ---- */

static void turn_worker(struct hub *hub)
{
    do
        worker_poll(&hub->worker);
    while (ev_is_active(&hub->worker.busy)); /* it has more to do */
}

/* What the clients have sent, and what comes of it: all, but for a large batch. */
static void turn(struct hub *hub, bool counted)
{
    if (counted)
        CALLGRIND_TOGGLE_COLLECT;
    turn_worker(hub); /* what was asked goes to the engine */
    engine_poll(hub->engine);
    turn_worker(hub); /* its entries and answers go out */
    if (counted)
        CALLGRIND_TOGGLE_COLLECT;
}

/* ---- clients ---- */

static void send_all(int fd, const char *bytes, size_t n)
{
    CHECK(send(fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n);
}

static bool has_come(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK) > 0;
}

static char got[1 << 20]; /* what a client has just read */

/* Reads all that has come; how often that text is in it. */
static size_t read_all(int fd, const char *text)
{
    size_t length = 0, found = 0;
    ssize_t n;
    while ((n = read(fd, got + length, sizeof got - 1 - length)) > 0)
        length += (size_t)n;
    CHECK(n < 0 && errno == EAGAIN);
    got[length] = '\0';
    for (const char *at = got; (at = strstr(at, text)); at++)
        found++;
    return found;
}

static int connect_to(int *hub_end)
{
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    *hub_end = pair[1];
    return pair[0];
}

/* Subscribers that come a group at a time, and then have all that is theirs: the opening block and
 * that many events. */
static void subscribe(struct hub *hub, size_t count, const char *headers, size_t events,
                      bool counted)
{
    char request[256];
    int n = snprintf(request, sizeof request,
                     "GET /events/news HTTP/1.1\r\nHost: hub\r\nAccept: text/event-stream\r\n"
                     "%s\r\n",
                     headers);
    hub->clients = memory_resize(hub->clients, (hub->count + count) * sizeof *hub->clients);
    for (size_t done = 0, group; done < count; done += group) {
        int ends[GROUP];
        group = count - done < GROUP ? count - done : GROUP;
        for (size_t i = 0; i < group; i++) {
            hub->clients[hub->count + i] = connect_to(&ends[i]);
            send_all(hub->clients[hub->count + i], request, (size_t)n);
        }
        if (counted)
            CALLGRIND_TOGGLE_COLLECT;
        for (size_t i = 0; i < group; i++)
            connection_new(&hub->worker, ends[i]);
        if (counted)
            CALLGRIND_TOGGLE_COLLECT;
        turn(hub, counted);
        for (size_t i = 0; i < group; i++)
            CHECK(read_all(hub->clients[hub->count++], "\nid: ") == 1 + events);
    }
}

/* ---- publishing ---- */

enum { REQUEST_MAX = 64 << 10 };

static size_t data_line(char *to, size_t room, const char *before, const char *after)
{
    char data[DATA + 1];
    memset(data, 'x', DATA);
    data[DATA] = '\0';
    return (size_t)snprintf(to, room, "%s%s%s", before, data, after);
}

/* One request with an event, or with that many lines. */
static size_t write_publish(char *to, size_t lines)
{
    static char body[REQUEST_MAX];
    size_t n = 0;
    if (lines == 1)
        n = data_line(body, sizeof body, "", "");
    else
        for (size_t i = 0; i < lines; i++)
            n += data_line(body + n, sizeof body - n, "{\"data\":\"", "\"}\n");
    int length = snprintf(to, REQUEST_MAX,
                          "POST /publish/news HTTP/1.1\r\nHost: hub\r\nContent-Type: %s\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          lines == 1 ? "text/plain" : "application/x-ndjson", n, body);
    CHECK(length < REQUEST_MAX);
    return (size_t)length;
}

/* That many requests, one after the other; all subscribers have all of each. */
static void publish(struct hub *hub, size_t requests, size_t lines, bool counted)
{
    static char request[REQUEST_MAX];
    size_t n = write_publish(request, lines);
    for (size_t i = 0; i < requests; i++) {
        send_all(hub->publisher, request, n);
        while (!has_come(hub->publisher))
            turn(hub, counted);
        for (size_t j = 0; j < hub->count; j++)
            CHECK(read_all(hub->clients[j], "\nid: ") == lines);
        CHECK(read_all(hub->publisher, "HTTP/1.1 200 ") == 1);
    }
}

/* Remembers the id of the event that was just published. */
static void note_position(struct hub *hub)
{
    const char *id = strstr(got, "\"id\":\"");
    CHECK(id && sscanf(id, "\"id\":\"%24[0-9-]\"", hub->position) == 1);
}

/* ---- scenes: each returns how many units it has counted ---- */

enum { EVENTS = 10, BURSTS = 3, BURST = 10, BATCH = 100 };

static size_t deliver(struct hub *hub, size_t subscribers)
{
    subscribe(hub, subscribers, "", 0, false);
    publish(hub, EVENTS, 1, true);
    return subscribers * EVENTS;
}

static size_t deliver_burst(struct hub *hub, size_t subscribers)
{
    subscribe(hub, subscribers, "", 0, false);
    publish(hub, BURSTS, BURST, true);
    return subscribers * BURSTS * BURST;
}

static size_t publish_singly(struct hub *hub, size_t requests)
{
    subscribe(hub, 1, "", 0, false);
    publish(hub, requests, 1, true);
    return requests;
}

static size_t publish_lines(struct hub *hub, size_t requests)
{
    subscribe(hub, 1, "", 0, false);
    publish(hub, requests, BATCH, true);
    return requests * BATCH;
}

static size_t connect_new(struct hub *hub, size_t subscribers)
{
    subscribe(hub, 1, "", 0, false); /* so that the channel is watched */
    subscribe(hub, subscribers, "", 0, true);
    return subscribers;
}

static size_t connect_again(struct hub *hub, size_t subscribers)
{
    char header[64];
    publish(hub, 1, 1, false);
    note_position(hub);
    publish(hub, HISTORY, 1, false);
    snprintf(header, sizeof header, "Last-Event-ID: %s\r\n", hub->position);
    subscribe(hub, 1, "", 0, false);
    subscribe(hub, subscribers, header, HISTORY, true);
    return subscribers;
}

static const struct scene {
    const char *name;
    size_t (*play)(struct hub *hub, size_t size);
    size_t small, large;
} scenes[] = {
    {"deliver", deliver, 1000, 2000},      {"deliver-burst", deliver_burst, 1000, 2000},
    {"publish", publish_singly, 200, 400}, {"publish-ndjson", publish_lines, 10, 20},
    {"connect", connect_new, 1024, 2048},  {"connect-resume", connect_again, 128, 256},
};

static void open_hub(struct hub *hub)
{
    int end;
    *hub = (struct hub){.count = 0};
    settings_init(&hub->settings);
    hub->settings.workers = 1;
    hub->settings.history = HISTORY;
    /* Under callgrind time runs fast; none of it is to be up while a scene is played. */
    hub->settings.ttl = hub->settings.keepalive = hub->settings.head_timeout =
        hub->settings.idle_timeout = HOUR_MS;
    struct engine_settings engine = {
        .ops = &memory_engine,
        .limits = {.history = hub->settings.history,
                   .history_bytes = hub->settings.history_bytes,
                   .ttl_ms = hub->settings.ttl,
                   .memory = hub->settings.memory,
                   .channels = hub->settings.max_channels},
        .workers = 1,
    };
    CHECK((hub->engine = engine_new(&engine)));
    CHECK(worker_init(&hub->worker, NULL, &hub->settings, hub->engine, 0));
    hub->publisher = connect_to(&end);
    connection_new(&hub->worker, end);
    publish(hub, HISTORY, 1, false); /* the channel is full */
}

static void close_hub(struct hub *hub)
{
    worker_fini(&hub->worker);
    engine_free(hub->engine);
    close(hub->publisher);
    for (size_t i = 0; i < hub->count; i++)
        close(hub->clients[i]);
    free(hub->clients);
}

static void play(const struct scene *scene, size_t size)
{
    struct hub hub;
    char dump[64];
    open_hub(&hub);
    CALLGRIND_ZERO_STATS;
    snprintf(dump, sizeof dump, "%s %zu", scene->name, scene->play(&hub, size));
    CALLGRIND_DUMP_STATS_AT(dump);
    close_hub(&hub);
}

int main(int count, char **arguments)
{
    struct rlimit files;
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
    signal(SIGPIPE, SIG_IGN); /* as the server does */
    log_set_level(LOG_ERROR);
    hash_init();
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        if (count > 1 && strcmp(arguments[1], scenes[i].name) != 0)
            continue;
        play(&scenes[i], scenes[i].small);
        play(&scenes[i], scenes[i].large);
    }
    return 0;
}
