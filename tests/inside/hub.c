/* The hub, turned by hand. */
#include "hub.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "seams.h"
#include "server/connection.h"
#include "server/server.h"
#include "shortage.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROUNDS_MAX = 200000, FROM_MAX = 64 << 20, TO_MAX = 16 << 20, STEP_MS = 10000, STEPS = 20 };

static struct hub *current;

unsigned __wrap_server_workers(const struct server *server);
struct mailbox *__wrap_server_mailbox(struct server *server, unsigned worker);
uint64_t __wrap_server_sum(const struct server *server, enum metric metric);

unsigned __wrap_server_workers(const struct server *server)
{
    (void)server;
    return current->count;
}

struct mailbox *__wrap_server_mailbox(struct server *server, unsigned worker)
{
    (void)server;
    return &current->workers[worker].mailbox;
}

uint64_t __wrap_server_sum(const struct server *server, enum metric metric)
{
    (void)server;
    uint64_t sum = 0;
    for (unsigned i = 0; i < current->count; i++)
        sum += counter_read(&current->workers[i].counters, metric);
    return sum;
}

/* ---- randomness that repeats ---- */

static uint32_t drawn;

static const char *random_name(void)
{
    return "repeated";
}

static uint32_t random_draw(void)
{
    drawn = drawn * 1664525 + 1013904223;
    return drawn ^ drawn >> 16;
}

static void random_fill(void *const out, const size_t n)
{
    unsigned char *bytes = out;
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(random_draw() >> 8);
}

static void init_once(void)
{
    static struct randombytes_implementation repeated = {
        .implementation_name = random_name, .random = random_draw, .buf = random_fill};
    static bool done;
    if (done)
        return;
    done = true;
    CHECK(randombytes_set_implementation(&repeated) == 0);
    hash_init();
    signal(SIGPIPE, SIG_IGN); /* as the server does */
    json_object_seed(1);
    shortage_init();
    log_set_level(LOG_ERROR);
}

/* ---- life ---- */

void hub_settings(struct settings *settings)
{
    settings_init(settings);
}

void hub_open(struct hub *hub, const struct settings *settings, unsigned workers)
{
    CHECK(!current && workers >= 1 && workers <= HUB_WORKERS_MAX);
    init_once();
    seams_init();
    drawn = 1;
    current = hub;
    *hub = (struct hub){.settings = *settings, .count = workers};
    hub->settings.workers = workers;
    LIST_INIT(&hub->clients);
    struct engine_settings engine = {
        .ops = &memory_engine,
        .limits = {.history = settings->history,
                   .history_bytes = settings->history_bytes,
                   .ttl_ms = settings->ttl,
                   .memory = settings->memory,
                   .channels = settings->max_channels},
        .workers = workers,
    };
    CHECK((hub->engine = engine_new(&engine)));
    for (unsigned i = 0; i < workers; i++)
        CHECK(worker_init(&hub->workers[i], NULL, &hub->settings, hub->engine, i));
}

void hub_close(struct hub *hub)
{
    CHECK(current == hub);
    struct client *client;
    while ((client = LIST_FIRST(&hub->clients)))
        client_free(client);
    for (unsigned i = 0; i < hub->count; i++)
        worker_fini(&hub->workers[i]);
    engine_free(hub->engine);
    current = NULL;
}

size_t hub_connections(const struct hub *hub)
{
    size_t count = 0;
    const struct connection *connection;
    for (unsigned i = 0; i < hub->count; i++)
        LIST_FOREACH (connection, &hub->workers[i].connections, all)
            count++;
    return count;
}

void hub_stop(struct hub *hub)
{
    for (unsigned i = 0; i < hub->count; i++) {
        hub->stops[i].kind = WORKER_STOP;
        mailbox_put(&hub->workers[i].mailbox, &hub->stops[i]);
    }
}

/* ---- clients ---- */

struct client *client_new(struct hub *hub, unsigned worker)
{
    int pair[2];
    struct client *client = calloc(1, sizeof *client);
    CHECK(client && worker < hub->count);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    int little = 1; /* the least there is, so that a reader that is deaf soon blocks the hub */
    setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
    client->hub = hub;
    client->worker = worker;
    client->fd = pair[0];
    client->hub_fd = pair[1];
    buf_init(&client->to, TO_MAX);
    buf_init(&client->from, FROM_MAX);
    LIST_INSERT_HEAD(&hub->clients, client, all);
    seams_socket(client->hub_fd);
    shortage_inside(true);
    connection_new(&hub->workers[worker], client->hub_fd);
    shortage_inside(false);
    return client;
}

void client_free(struct client *client)
{
    LIST_REMOVE(client, all);
    close(client->fd);
    buf_fini(&client->to);
    buf_fini(&client->from);
    free(client);
}

void client_send(struct client *client, struct span bytes)
{
    CHECK(!client->finished && buf_append(&client->to, bytes.p, bytes.n) == OK);
}

void client_finish(struct client *client)
{
    client->finished = true;
}

/* Its descriptor may long be a younger connection's. */
static bool has_descriptor(const struct client *client)
{
    const struct client *other = LIST_FIRST(&client->hub->clients);
    while (other != client && other->hub_fd != client->hub_fd)
        other = LIST_NEXT(other, all);
    return other == client && !client->ended;
}

void client_reset(struct client *client)
{
    if (has_descriptor(client))
        seams_reset(client->hub_fd);
    client->reset = true;
    client->ended = true;
    shutdown(client->fd, SHUT_RDWR); /* wakes the hub, which then finds the reset */
}

static bool move_out(struct client *client)
{
    bool moved = false;
    while (client->to.len) {
        ssize_t n = send(client->fd, client->to.data, client->to.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return moved;
        if (n < 0) /* the hub has closed: nobody takes it any more */
            n = (ssize_t)client->to.len;
        buf_consume(&client->to, (size_t)n);
        moved = true;
    }
    if (client->finished && !client->shut) {
        client->shut = moved = true;
        shutdown(client->fd, SHUT_WR);
    }
    return moved;
}

static bool move_in(struct client *client)
{
    char bytes[16 << 10];
    bool moved = false;
    client->was_deaf |= client->deaf;
    while (!client->deaf && !client->ended) {
        ssize_t n = recv(client->fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EAGAIN)
            return moved;
        moved = true;
        if (n <= 0)
            client->ended = true;
        else
            CHECK(buf_append(&client->from, bytes, (size_t)n) == OK);
    }
    return moved;
}

/* ---- turns ---- */

static bool round_of(struct hub *hub)
{
    uint64_t before = seams_moves();
    bool moved = false;
    struct client *client;
    shortage_inside(true);
    engine_poll(hub->engine);
    for (unsigned i = 0; i < hub->count; i++)
        worker_poll(&hub->workers[i]);
    shortage_inside(false);
    LIST_FOREACH (client, &hub->clients, all) {
        moved |= move_out(client);
        moved |= move_in(client);
    }
    return moved || seams_moves() != before || seams_busy();
}

void hub_settle(struct hub *hub)
{
    int still = 0;
    for (int round = 0; still < 2; round++) {
        CHECK(round < ROUNDS_MAX);
        still = round_of(hub) ? 0 : still + 1;
    }
}

void hub_pass(struct hub *hub, uint64_t ms)
{
    uint64_t step = ms / STEPS > STEP_MS ? ms / STEPS : STEP_MS;
    hub_settle(hub);
    while (ms) {
        step = ms < step ? ms : step;
        seams_pass(step);
        hub_settle(hub);
        ms -= step;
    }
}
