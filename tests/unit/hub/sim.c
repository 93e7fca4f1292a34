/* What happens is chosen here, and what must hold at rest is checked here. */
#include "sim.h"

#include "base/check.h"
#include "base/id.h"
#include "engine/frame.h"
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const exact_names[] = {"a",   "ab",  "abc", "abd", "b",   "b:1", "b:2",
                                          "b:3", "b:4", "b:5", "ba",  "baa", "bb",  "c"};
static const char *const prefix_names[] = {"*", "a*", "ab*", "b*", "b:*", "c*", "z*"};

#define ANY_NAME(sim, names) (names)[below((sim), sizeof(names) / sizeof *(names))]

/* ---- readers come and go ---- */

static void choose_names(struct sim *sim, struct reader *reader)
{
    size_t wanted = one_in(sim, 3) ? 1 : 1 + below(sim, VIEW_NAMES - 1);
    size_t prefixes = ONE_OF(sim, 0, 0, 1, 2); /* none, some, all */
    reader->count = 0;
    for (size_t i = 0; i < wanted; i++) {
        bool prefix = prefixes == 2 || (prefixes == 1 && one_in(sim, 2)), there = false;
        const char *name = prefix ? ANY_NAME(sim, prefix_names) : ANY_NAME(sim, exact_names);
        for (size_t j = 0; j < reader->count; j++)
            there |= strcmp(reader->names[j], name) == 0;
        if (!there)
            strcpy(reader->names[reader->count++], name);
    }
}

static uint64_t some_id(struct sim *sim)
{
    const struct model *model = &sim->model;
    uint64_t head = model->head;
    switch (below(sim, 8)) {
    case 0:
        return below(sim, 2) ? model->floor : model->floor - 1;
    case 1:
        return head;
    case 2:
        return head + 1 + below(sim, 3);
    case 3:
        return id_make(id_ms(head) - below(sim, 3000), 0);
    case 4:
        return below(sim, 2);
    default:
        break;
    }
    size_t back = 1 + below(sim, 60);
    return (model->count < back ? model->floor : model->events[model->count - back].id) -
           below(sim, 2);
}

static struct start some_start(struct sim *sim, const struct reader *reader)
{
    struct start start = {0};
    start.from_kind = (enum start_kind)below(sim, START_UNKNOWN + 1);
    start.from = start.from_kind == START_NEWEST ? ONE_OF(sim, 0, 1, 2, 5, 20, UINT64_MAX / 16)
                                                 : some_id(sim);
    if (reader->knows && !one_in(sim, 6)) {
        start.position_kind = START_AFTER;
        start.position = reader->position;
    } else if (one_in(sim, 6)) {
        start.position_kind = one_in(sim, 3) ? START_UNKNOWN : START_AFTER;
        start.position = some_id(sim);
    }
    return start;
}

static void subscribe(struct sim *sim, struct reader *reader)
{
    struct stream *stream = memory_new(sizeof *stream);
    struct span names[VIEW_NAMES];
    bool given = true;
    if (!reader->count || one_in(sim, 8))
        choose_names(sim, reader);
    if (!reader->client[0] || one_in(sim, 3)) {
        if ((given = one_in(sim, 2)))
            snprintf(reader->client, sizeof reader->client, "c%zu", below(sim, SIM_CLIENTS));
        else
            snprintf(reader->client, sizeof reader->client, "m%u", sim->made++);
    }
    stream->reader = reader;
    reader->stream = stream;
    stream->worker = &sim->workers[below(sim, sim->worker_count)];
    stream->speed = (int)ONE_OF(sim, FAST, FAST, FAST, SLOW, SLOW, STUCK);
    stream->room = (unsigned)below(sim, 8);
    stream->view.model = &sim->model;
    stream->view.count = reader->count + 1;
    stream->view.made = !given;
    stream->view.asked = some_start(sim, reader);
    for (size_t i = 0; i < reader->count; i++) {
        names[i] = span_from(reader->names[i]);
        strcpy(stream->view.names[i], reader->names[i]);
    }
    stream->view.names[reader->count][0] = '@';
    strcpy(stream->view.names[reader->count] + 1, reader->client);
    struct selection *selection =
        selection_new(names, reader->count, span_from(reader->client), given);
    MUST(selection &&
         subscription_open(&stream->subscription, &stream->worker->windows, selection));
    struct request *request = request_new(REQUEST_OPEN, stream->worker->number, SPAN(""));
    request->context = stream;
    request->selection = selection;
    request->start = stream->view.asked;
    stream->asked = request;
    sim->streams++;
    trace(reader, 0,
          "reader %zu subscribes, worker %u: %s… as %s %s, position kind %d %s, from kind %d %s",
          reader->number, stream->worker->number, reader->names[0], given ? "given" : "made",
          reader->client, request->start.position_kind, id_text(request->start.position).text,
          request->start.from_kind, id_text(request->start.from).text);
    post(sim, request);
}

static void leave(struct reader *reader)
{
    struct stream *stream = reader->stream;
    if (stream->view.opened) {
        reader->knows = true;
        reader->position = stream->view.seen;
    }
    if (stream->asked)
        stream->asked->context = NULL;
    subscription_close(&stream->subscription, &stream->worker->windows);
    if (stream->partial)
        event_unref(stream->partial);
    free(stream);
    reader->stream = NULL;
    trace(reader, 0, "reader %zu leaves at %s", reader->number, id_text(reader->position).text);
}

/* ---- steps ---- */

static void publish(struct sim *sim)
{
    char name[MODEL_NAME], data[4096];
    const struct reader *reader = &sim->readers[below(sim, SIM_READERS)];
    if (one_in(sim, 12)) /* to a client: a made id is known to its reader when the stream is open */
        snprintf(name, sizeof name, "@c%zu", below(sim, SIM_CLIENTS));
    else if (one_in(sim, 12) && reader->stream && reader->stream->view.opened)
        snprintf(name, sizeof name, "@%s", reader->client);
    else
        strcpy(name, ANY_NAME(sim, exact_names));
    size_t n = one_in(sim, 200) ? sizeof data : below(sim, 60);
    memset(data, 'x', n);
    struct request *request =
        request_new(REQUEST_PUBLISH, (unsigned)below(sim, sim->worker_count), SPAN(""));
    request->line.entry = frame_new(span_from(name), SPAN(""), (struct span){data, n}, false);
    MUST(request->line.entry != NULL);
    post(sim, request);
}

static void pass_time(struct sim *sim)
{
    if (one_in(sim, 300))
        sim->now_ms += 86400000 + below(sim, 3) * 3600000;
    else if (one_in(sim, 60))
        sim->now_ms -= below(sim, 3600000);
    else if (one_in(sim, 20))
        sim->now_ms += below(sim, 10000);
    else
        sim->now_ms += below(sim, 30);
    if (!one_in(sim, 3))
        expire(sim);
}

void sim_step(struct sim *sim)
{
    struct worker *worker = &sim->workers[below(sim, sim->worker_count)];
    struct reader *reader = &sim->readers[below(sim, SIM_READERS)];
    struct stream *stream = reader->stream;
    size_t what = below(sim, 100);
    trace_step = ++sim->step;
    if (what < 16) {
        for (size_t n = 1 + below(sim, 3); n--;)
            publish(sim);
    } else if (what < 28) {
        run_publishes(sim);
    } else if (what < 40) {
        run_steps(sim, 1 + below(sim, 4));
    } else if (what < 48) {
        tell_figures(sim);
    } else if (what < 62) {
        if (one_in(sim, 5))
            read_head(sim, worker);
        else
            take_mail(sim, worker, one_in(sim, 2) ? SIZE_MAX : 1 + below(sim, 20));
    } else if (what < 74) {
        run_slice(sim, worker, 1 + below(sim, 5));
    } else if (what < 80) {
        pass_time(sim);
    } else if (!stream) {
        subscribe(sim, reader);
    } else if (what < 83) {
        leave(reader);
    } else if (what < 85) {
        keepalive(sim, stream);
    } else if (what < 86) {
        stream->speed = (int)below(sim, 3);
    } else if (what < 92 && stream->ready) {
        flush(sim, stream);
    } else {
        drain(sim, stream);
    }
}

/* ---- rest ---- */

static bool run_worker(struct sim *sim, struct worker *worker)
{
    bool any = worker->inbox || worker->mailbox;
    take_mail(sim, worker, SIZE_MAX);
    return run_slice(sim, worker, 100) || any;
}

static bool run_reader(struct sim *sim, struct stream *stream)
{
    if (stream->ready || stream->blocked) {
        if (stream->blocked)
            drain(sim, stream);
        else
            flush(sim, stream);
        return true;
    }
    return false;
}

static void check_tail(const struct sim *sim)
{
    const struct tail *tail = &sim->log.tail;
    const struct model *model = &sim->model;
    struct order_place place = {0};
    for (size_t i = 0; i < model->count; i++) {
        if (model->events[i].gone)
            continue;
        const struct event *event = order_forward(&tail->order, &place);
        MUST(event && event->id == model->events[i].id);
    }
    MUST(order_forward(&tail->order, &place) == NULL);
    MUST(tail->bytes == model_bytes(model));
    MUST(tail->floor == model->floor);
}

static size_t check_window(const struct window *window)
{
    uint64_t last = window->floor;
    size_t bytes = 0;
    for (uint32_t i = 0; i < window->ring.count; i++) {
        const struct event *event = ring_at(&window->ring, i);
        MUST(event->id > last);
        last = event->id;
        bytes += event_size(event);
    }
    MUST(window->link_count > 0 && window->due == 0 && window->unserved == 0 && !window->active);
    return bytes;
}

/* Whether a worker before this one watches the same. */
static bool counted(const struct sim *sim, const struct worker *worker, const struct window *window)
{
    for (const struct worker *other = sim->workers; other < worker; other++)
        if (match_find(&other->windows.match, window->entry.name, window->entry.hash,
                       window->entry.prefix))
            return true;
    return false;
}

static void check_windows(const struct sim *sim)
{
    size_t watched = 0;
    for (unsigned i = 0; i < sim->worker_count; i++) {
        const struct worker *worker = &sim->workers[i];
        const struct windows *windows = &worker->windows;
        size_t bytes = 0;
        struct match_entry *entry, *next,
            *tables[] = {windows->match.exact, windows->match.prefixes};
        for (int t = 0; t < 2; t++) {
            HASH_ITER (hh, tables[t], entry, next) {
                const struct window *window = CONTAINER_OF(entry, struct window, entry);
                bytes += check_window(window);
                watched += entry->name.n == 0 || entry->name.p[0] != '@'
                               ? !counted(sim, worker, window)
                               : 0;
            }
        }
        MUST(windows->bytes == bytes && bytes <= windows->limits.bytes);
        MUST(windows->age_count <= windows->limits.entries);
        MUST(windows->backlog == 0 && windows->backlog_bytes == 0);
        MUST(windows->head == sim->log.head);
    }
    const struct channel *channel;
    size_t channels = 0;
    for (channel = sim->log.tail.channels.table; channel; channel = channel->hh.next)
        channels += channel->workers != 0;
    MUST(channels + HASH_COUNT(sim->log.prefixes.prefixes) == watched);
}

void sim_rest(struct sim *sim)
{
    bool any = true;
    trace(NULL, SIZE_MAX, "coming to rest");
    for (int turn = 0; any; turn++) {
        MUST(turn < 100000);
        any = sim->publishes.first || sim->steps.first;
        run_publishes(sim);
        run_steps(sim, 10);
        tell_figures(sim);
        for (unsigned i = 0; i < sim->worker_count; i++)
            any |= run_worker(sim, &sim->workers[i]);
        for (size_t i = 0; i < SIM_READERS; i++) {
            struct stream *stream = sim->readers[i].stream;
            if (!stream)
                continue;
            if (stream->speed == STUCK)
                stream->speed = SLOW;
            any |= run_reader(sim, stream);
        }
    }
    for (size_t i = 0; i < SIM_READERS; i++) {
        struct stream *stream = sim->readers[i].stream;
        if (!stream)
            continue;
        must(stream, view_settled(&stream->view));
        must(stream,
             stream->subscription.state != SUBSCRIPTION_LIVE ? "a reader is not live" : NULL);
        must(stream, stream->subscription.gap ? "a gap waits to be told" : NULL);
        must(stream, stream->subscription.piece ? "a piece is held" : NULL);
    }
    check_tail(sim);
    check_windows(sim);
}

/* ---- begin and end ---- */

void sim_begin(struct sim *sim)
{
    struct log_owner owner = {log_sends, log_answers, sim};
    bool roomy = one_in(sim, 3);
    struct tail_limits limits = {
        .history = roomy ? 100 : ONE_OF(sim, 0, 1, 2, 5, 5, 8),
        .history_bytes = ONE_OF(sim, 300, 800, 2000, 1000000),
        .ttl_ms = ONE_OF(sim, 1, 100, 2000, 20000, 1000000),
        .channels = 1000000,
        .memory = roomy ? 1000000 : ONE_OF(sim, 700, 2000, 6000, 1000000),
    };
    struct window_limits window_limits = {
        .window_entries = (uint32_t)ONE_OF(sim, 1, 2, 4, 4, 64),
        .entries = (uint32_t)ONE_OF(sim, 2, 8, 16, 16, 1000),
        .bytes = ONE_OF(sim, 200, 1000, 3000, 1000000),
    };
    sim->now_ms = UINT64_C(1700000000000) + below(sim, 1000000);
    MUST(log_open(&sim->log, &memory_engine, limits,
                  sim->worker_count = 1 + (unsigned)below(sim, SIM_WORKERS), owner,
                  sim->now_ms) == OK);
    sim->log.piece_limits = (struct tail_piece_limits){
        .events = (uint32_t)ONE_OF(sim, 1, 2, 3, 128),
        .bytes = ONE_OF(sim, 1, 400, 65536),
        .steps = (uint32_t)ONE_OF(sim, 1, 2, 3, 7, 4096),
    };
    trace(NULL, SIZE_MAX, "a new hub: history %llu of %llu bytes, ttl %llu, memory %llu",
          (unsigned long long)limits.history, (unsigned long long)limits.history_bytes,
          (unsigned long long)limits.ttl_ms, (unsigned long long)limits.memory);
    trace(NULL, SIZE_MAX, "    windows %u, %u, %zu bytes, pieces %u, %zu bytes, %u steps",
          window_limits.window_entries, window_limits.entries, window_limits.bytes,
          sim->log.piece_limits.events, sim->log.piece_limits.bytes, sim->log.piece_limits.steps);
    model_init(&sim->model, limits, sim->log.head);
    request_list_init(&sim->publishes);
    request_list_init(&sim->steps);
    for (unsigned i = 0; i < sim->worker_count; i++) {
        struct worker *worker = &sim->workers[i];
        *worker = (struct worker){.number = i, .mailbox_end = &worker->mailbox};
        windows_init(&worker->windows, window_limits, make_unwatch, send_unwatch, sim);
    }
    for (size_t i = 0; i < SIM_READERS; i++)
        sim->readers[i] = (struct reader){.number = i};
    tell_figures(sim);
}

void sim_end(struct sim *sim)
{
    for (size_t i = 0; i < SIM_READERS; i++)
        if (sim->readers[i].stream)
            leave(&sim->readers[i]);
    sim_rest(sim);
    for (unsigned i = 0; i < sim->worker_count; i++)
        windows_fini(&sim->workers[i].windows);
    log_close(&sim->log);
    model_fini(&sim->model);
}

void sim_print_figures(const struct sim *sim)
{
    printf("%llu steps: %llu events, %llu deliveries, %llu streams, %llu pieces asked for, gaps:",
           (unsigned long long)sim->step, (unsigned long long)sim->events,
           (unsigned long long)sim->deliveries, (unsigned long long)sim->streams,
           (unsigned long long)sim->asks);
    for (int i = 0; i < GAP_REASONS; i++)
        printf(" %llu %s", (unsigned long long)sim->gaps[i], gap_reason_name((enum gap_reason)i));
    printf("\n");
}
