/* Starting, accepting, stopping. */
#include "server/server.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/log.h"
#include "net/listener.h"
#include "server/notify.h"
#include "server/reload.h"
#include "server/worker.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    ACCEPTS_A_TURN = 64,
    SEND_BUFFER = 64 << 10, /* asked for each socket: what a stuck reader holds in the kernel */
};

struct listener {
    ev_io io;
    struct server *server;
};

struct server {
    struct ev_loop *loop;
    struct engine *engine;
    const struct settings *settings;
    ev_signal term, interrupt, hangup;
    ev_timer again; /* accepts on after a failure */
    bool exhausted; /* of descriptors: connections wait that could not be accepted */
    struct listener listeners[SETTINGS_LISTEN_MAX];
    size_t listener_count;
    struct notify notify;
    unsigned next; /* worker that gets the next connection */
    unsigned worker_count;
    struct worker workers[];
};

/* ---- accepting ---- */

static void listen_on(struct server *server, bool on)
{
    for (size_t i = 0; i < server->listener_count; i++)
        if (on)
            ev_io_start(server->loop, &server->listeners[i].io);
        else
            ev_io_stop(server->loop, &server->listeners[i].io);
}

static void deal_out(struct server *server, int fd)
{
    struct arrival *arrival = malloc(sizeof *arrival);
    if (!arrival) {
        close(fd);
        return;
    }
    arrival->mail.kind = WORKER_CONNECTION;
    arrival->fd = fd;
    mailbox_put(&server->workers[server->next].mailbox, &arrival->mail);
    server->next = (server->next + 1) % server->worker_count;
}

/* Without descriptors the listener would stay readable and the loop spin: it rests a while. */
static void rest(struct server *server, int error)
{
    if (!server->exhausted) /* until the backlog is empty again it is said */
        log_line(LOG_WARN, "server.files-exhausted", "error=%s connections=%llu",
                 strerrorname_np(error),
                 (unsigned long long)server_sum(server, METRIC_CONNECTIONS));
    server->exhausted = true;
    listen_on(server, false);
    ev_timer_set(&server->again, .2, 0.);
    ev_timer_start(server->loop, &server->again);
}

static void on_connection(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop, (void)events;
    struct server *server = CONTAINER_OF(io, struct listener, io)->server;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            deal_out(server, fd);
            continue;
        }
        int error = errno;
        if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM)
            rest(server, error);
        if (error == EAGAIN && server->exhausted) {
            server->exhausted = false;
            log_line(LOG_INFO, "server.accepting-again", "connections=%llu",
                     (unsigned long long)server_sum(server, METRIC_CONNECTIONS));
        }
        if (error != EINTR && error != ECONNABORTED)
            return;
    }
}

/* Accepts at once, whether or not somebody waits: only that tells that nobody does. */
static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct server *server = timer->data;
    listen_on(server, true);
    for (size_t i = 0; i < server->listener_count && ev_is_active(&server->listeners[i].io); i++)
        on_connection(loop, &server->listeners[i].io, events);
}

/* ---- starting ---- */

static bool open_listeners(struct server *server, const struct settings *settings)
{
    struct listener_options options = {
        .send_buffer = SEND_BUFFER,
        .user_timeout_ms = settings_user_timeout(settings),
    };
    for (size_t i = 0; i < settings->listen.count; i++) {
        struct listener *listener = &server->listeners[server->listener_count];
        char bound[ADDRESS_TEXT_MAX];
        const char *why;
        int fd = listener_open(settings->listen.texts[i], &options, bound, &why);
        if (fd < 0) {
            fprintf(stderr, "freshet: cannot listen on %s: %s\n", settings->listen.texts[i], why);
            return false;
        }
        listener->server = server;
        ev_io_init(&listener->io, on_connection, fd, EV_READ);
        ev_io_start(server->loop, &listener->io);
        server->listener_count++;
        log_line(LOG_INFO, "server.listening", "address=%s url=http://%s/", bound, bound);
    }
    return true;
}

static void close_listeners(struct server *server)
{
    listen_on(server, false);
    for (size_t i = 0; i < server->listener_count; i++)
        close(server->listeners[i].io.fd);
    server->listener_count = 0;
    ev_timer_stop(server->loop, &server->again);
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* ---- stopping ---- */

static void on_signal(struct ev_loop *loop, ev_signal *watcher, int events)
{
    (void)events;
    struct server *server = watcher->data;
    log_line(LOG_INFO, "server.stopping", "signal=%s", sigabbrev_np(watcher->signum));
    notify_stopping(&server->notify);
    close_listeners(server);
    ev_break(loop, EVBREAK_ALL);
}

static void block_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static void stop_workers(struct server *server)
{
    struct mail *stops = memory_new(server->worker_count * sizeof *stops);
    for (unsigned i = 0; i < server->worker_count; i++) {
        stops[i].kind = WORKER_STOP;
        mailbox_put(&server->workers[i].mailbox, &stops[i]);
    }
    for (unsigned i = 0; i < server->worker_count; i++)
        worker_join(&server->workers[i]);
    free(stops);
}

/* ---- other settings ---- */

static bool set_engine_limits(struct server *server, const struct settings *settings)
{
    struct tail_limits limits;
    if (!reload_limits(settings, &limits))
        return false;
    if (engine_set_limits(server->engine, limits))
        return true;
    rules_free(limits.rules);
    return false;
}

/* Everybody goes by these from now on; the caller's reference is the server's. */
static void set(struct server *server, const struct settings *settings)
{
    for (size_t i = 0; i < server->listener_count; i++) /* which connections have from them */
        socket_user_timeout(server->listeners[i].io.fd, settings_user_timeout(settings));
    for (unsigned i = 0; i < server->worker_count; i++) {
        struct new_settings *fresh = memory_new(sizeof *fresh);
        fresh->mail.kind = WORKER_SETTINGS;
        fresh->settings = settings_ref(settings);
        mailbox_put(&server->workers[i].mailbox, &fresh->mail);
    }
    settings_unref(server->settings);
    server->settings = settings;
}

static void reload(struct server *server)
{
    struct settings *fresh = reload_read(server->settings);
    if (!fresh)
        return;
    if (set_engine_limits(server, fresh)) {
        reload_tell(server->settings, fresh);
        set(server, fresh);
    } else {
        reload_refused("there is no memory for other settings");
        settings_unref(fresh);
    }
}

static void on_hangup(struct ev_loop *loop, ev_signal *watcher, int events)
{
    (void)loop, (void)events;
    struct server *server = watcher->data;
    notify_reloading(&server->notify);
    reload(server);
    notify_ready(&server->notify);
}

/* ---- life ---- */

static bool new_engine(struct server *server, const struct settings *settings)
{
    struct engine_settings engine_settings = {
        .ops = &memory_engine, .helped = true, .workers = server->worker_count};
    if (!reload_limits(settings, &engine_settings.limits)) {
        log_line(LOG_ERROR, "engine.failed", "error=no-memory");
        return false;
    }
    server->engine = engine_new(&engine_settings);
    if (!server->engine)
        rules_free(engine_settings.limits.rules);
    return server->engine;
}

static bool start(struct server *server, const struct settings *settings)
{
    if (!open_listeners(server, settings) || !new_engine(server, settings))
        return false;
    for (unsigned i = 0; i < server->worker_count; i++)
        if (!worker_init(&server->workers[i], server, settings, server->engine, i))
            return false;
    engine_start(server->engine);
    notify_watch(&server->notify, engine_pulse(server->engine));
    for (unsigned i = 0; i < server->worker_count; i++) {
        worker_start(&server->workers[i]);
        notify_watch(&server->notify, &server->workers[i].pulse);
    }
    notify_ready(&server->notify);
    return true;
}

int server_run(const struct settings *settings)
{
    unsigned workers = settings_workers(settings);
    size_t size = workers * sizeof(struct worker);
    struct server *server = memory_new(sizeof *server + size);
    server->worker_count = workers;
    server->settings = settings_ref(settings);
    hash_init();
    json_object_seed(0);
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    server->loop = ev_default_loop(0);
    CHECK(server->loop);
    ev_timer_init(&server->again, on_again, 0., 0.);
    ev_signal_init(&server->term, on_signal, SIGTERM);
    ev_signal_init(&server->interrupt, on_signal, SIGINT);
    ev_signal_init(&server->hangup, on_hangup, SIGHUP);
    server->again.data = server->term.data = server->interrupt.data = server->hangup.data = server;
    ev_signal_start(server->loop, &server->term);
    ev_signal_start(server->loop, &server->interrupt);
    ev_signal_start(server->loop, &server->hangup);
    notify_init(&server->notify, server->loop, server);
    bool started = start(server, settings);
    if (started) {
        ev_run(server->loop, 0);
        stop_workers(server);
        engine_stop(server->engine);
    }
    notify_fini(&server->notify);
    close_listeners(server);
    for (unsigned i = 0; i < server->worker_count; i++)
        worker_fini(&server->workers[i]);
    engine_free(server->engine);
    block_signals(); /* a second one must not end it on its way out */
    ev_signal_stop(server->loop, &server->term);
    ev_signal_stop(server->loop, &server->interrupt);
    ev_signal_stop(server->loop, &server->hangup);
    ev_loop_destroy(server->loop);
    settings_unref(server->settings);
    free(server);
    if (started)
        log_line(LOG_INFO, "server.stopped", "status=0");
    return started ? 0 : 1;
}

unsigned server_workers(const struct server *server)
{
    return server->worker_count;
}

struct mailbox *server_mailbox(struct server *server, unsigned worker)
{
    return &server->workers[worker].mailbox;
}

uint64_t server_sum(const struct server *server, enum metric metric)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < server->worker_count; i++)
        sum += counter_read(&server->workers[i].counters, metric);
    return sum;
}
