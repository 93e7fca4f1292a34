/* The steps: what happens is chosen here, and what must hold at rest is checked here; what it is
 * done with is the hub's own. Streams do what src/server/stream.c does, workers what worker.c does.
 */
#include "sim.h"

#include "base/check.h"
#include "base/id.h"
#include "engine/frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- a failure, and what came before it ---- */

enum { TRACE = 1 << 15, SHOWN_OF_READER = 60, SHOWN_OF_LOG = 60 };

static struct {
    uint64_t step;
    const struct reader *reader; /* NULL: of the log */
    size_t channel;              /* of an event of the log */
    char text[112];
} trace_ring[TRACE];
static uint64_t trace_count;
static const struct sim *traced;
static const struct stream *failing;

__attribute__((format(printf, 3, 4))) static void trace(const struct reader *reader, size_t channel,
                                                        const char *format, ...)
{
    va_list arguments;
    size_t i = trace_count++ % TRACE;
    trace_ring[i].step = traced->step;
    trace_ring[i].reader = reader;
    trace_ring[i].channel = channel;
    va_start(arguments, format);
    vsnprintf(trace_ring[i].text, sizeof trace_ring[i].text, format, arguments);
    va_end(arguments);
}

/* What happened to the failing reader and on its channels, each at most so often. */
static bool is_shown(uint64_t n, int *of_reader, int *of_log)
{
    size_t i = n % TRACE;
    if (trace_ring[i].reader)
        return (!failing || trace_ring[i].reader == failing->reader) && (*of_reader)-- > 0;
    return (!failing || trace_ring[i].channel == SIZE_MAX ||
            view_meets(&failing->view, trace_ring[i].channel)) &&
           (*of_log)-- > 0;
}

void sim_print_trace(void)
{
    static bool shown[TRACE];
    int of_reader = SHOWN_OF_READER, of_log = SHOWN_OF_LOG;
    uint64_t first = trace_count > TRACE ? trace_count - TRACE : 0;
    for (uint64_t n = trace_count; n-- > first;)
        shown[n % TRACE] = is_shown(n, &of_reader, &of_log);
    for (uint64_t n = first; n < trace_count; n++)
        if (shown[n % TRACE])
            fprintf(stderr, "%8llu  %s\n", (unsigned long long)trace_ring[n % TRACE].step,
                    trace_ring[n % TRACE].text);
    if (failing) {
        fprintf(stderr, "reader %zu on worker %u:", failing->reader->number,
                failing->worker->number);
        for (size_t i = 0; i < failing->view.count; i++)
            fprintf(stderr, " %s", failing->view.names[i]);
        fprintf(stderr, ", %s, cursor %s, seen %s\n",
                subscription_state_name(failing->subscription.state),
                id_text(failing->subscription.cursor).text, id_text(failing->view.seen).text);
    }
    fprintf(stderr, "step %llu\n", (unsigned long long)traced->step);
    fflush(stderr);
}

static void must(const struct stream *stream, const char *wrong)
{
    if (!wrong)
        return;
    failing = stream;
    fprintf(stderr, "FAILED: %s\n", wrong);
    sim_print_trace();
    exit(1);
}

#define MUST(condition) must(NULL, (condition) ? NULL : "not " #condition)

/* ---- chance ---- */

static size_t below(struct sim *sim, size_t bound)
{
    sim->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = sim->random;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((z ^ z >> 31) % bound);
}

static bool one_in(struct sim *sim, size_t n)
{
    return below(sim, n) == 0;
}

static size_t one_of(struct sim *sim, const size_t *values, size_t count)
{
    return values[below(sim, count)];
}

#define ONE_OF(sim, ...) \
    one_of((sim), (const size_t[]){__VA_ARGS__}, sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t))

static const char *const exact_names[] = {"a",   "ab",  "abc", "abd", "b",   "b:1", "b:2",
                                          "b:3", "b:4", "b:5", "ba",  "baa", "bb",  "c"};
static const char *const prefix_names[] = {"*", "a*", "ab*", "b*", "b:*", "c*", "z*"};

#define ANY_NAME(sim, names) (names)[below((sim), sizeof(names) / sizeof *(names))]

/* ---- the log's side ---- */

static void put(struct worker *worker, struct event *event, struct request *request)
{
    struct parcel *parcel = memory_new(sizeof *parcel);
    *parcel = (struct parcel){NULL, event, request};
    *worker->mailbox_end = parcel;
    worker->mailbox_end = &parcel->next;
}

static void log_sends(void *context, unsigned number, struct event *event)
{
    struct sim *sim = context;
    MUST(number < sim->worker_count);
    put(&sim->workers[number], event, NULL);
}

static void published(struct sim *sim, const struct request *request)
{
    const struct event *event = request->event;
    char name[MODEL_NAME] = {0};
    memcpy(name, event->bytes, event->name_length);
    size_t channel = model_channel(&sim->model, name), size = event_size(event);
    MUST(request->error == OK && event->id > sim->model.head);
    trace(NULL, channel, "published %s on %s, %zu bytes", id_text(event->id).text, name, size);
    model_publish(&sim->model, channel, event->id, size, sim->now_ms);
    sim->events++;
}

static void log_answers(void *context, struct request *request)
{
    struct sim *sim = context;
    const struct piece *piece = request->piece;
    struct stream *stream = request->context;
    if (request->kind == REQUEST_PUBLISH) {
        published(sim, request);
    } else if (stream) {
        MUST(request->error == OK && piece->head == sim->model.head);
        trace(stream->reader, 0, "the log answers: start %s complete to %s head %s, %u events%s",
              id_text(piece->start).text, id_text(piece->complete_to).text,
              id_text(piece->head).text, piece->count, piece->trimmed_to ? ", trimmed" : "");
        for (size_t i = 0; piece->trimmed_to && i < stream->view.count; i++)
            trace(stream->reader, 0, "    %s to %s", stream->view.names[i],
                  id_text(piece->trimmed_to[i]).text);
        if (request->kind == REQUEST_OPEN)
            must(stream, view_begin(&stream->view, piece->start, piece->unknown, piece->chosen,
                                    stream->begun_head, stream->begun_moment));
    }
    put(&sim->workers[request->worker], NULL, request);
}

static void run_publishes(struct sim *sim)
{
    if (sim->publishes.first)
        log_publish(&sim->log, &sim->publishes, sim->now_ms);
}

static void run_steps(struct sim *sim, size_t count)
{
    struct request *request;
    while (count-- && (request = request_list_take(&sim->steps))) {
        struct stream *stream = request->context;
        if (request->kind == REQUEST_OPEN && stream && !stream->begun) {
            stream->begun = true;
            stream->begun_head = sim->model.head;
            stream->begun_moment = sim->model.moment;
        }
        if (!log_step(&sim->log, request))
            request_list_add(&sim->steps, request);
    }
}

static void tell_figures(struct sim *sim)
{
    sim->gone_to = tail_gone_to(&sim->log.tail, sim->log.head);
    sim->head = sim->log.head;
}

static void expire(struct sim *sim)
{
    while (tail_expire(&sim->log.tail, sim->now_ms))
        ;
    model_expire(&sim->model, sim->now_ms);
    trace(NULL, SIZE_MAX, "expired at %llu, floor %s", (unsigned long long)sim->now_ms,
          id_text(sim->model.floor).text);
}

static void post(struct sim *sim, struct request *request)
{
    request_list_add(request->kind == REQUEST_PUBLISH ? &sim->publishes : &sim->steps, request);
}

static void *make_unwatch(void *context, struct window *window)
{
    struct sim *sim = context;
    struct request *request = request_new(REQUEST_UNWATCH, 0, window->entry.name);
    request->hash = window->entry.hash;
    request->prefix = window->entry.prefix;
    for (unsigned i = 0; i < sim->worker_count; i++) /* the one that has it, and is making it now */
        if (match_find(&sim->workers[i].windows.match, window->entry.name, window->entry.hash,
                       window->entry.prefix) == &window->entry)
            request->worker = (uint16_t)i;
    return request;
}

static void send_unwatch(void *context, void *unwatch)
{
    post(context, unwatch);
}

/* ---- a stream's side ---- */

static void sees(struct sim *sim, struct stream *stream, const struct notice *notice)
{
    struct reader *reader = stream->reader;
    struct view *view = &stream->view;
    if (notice->kind == NOTICE_GAP) {
        trace(reader, 0, "reader %zu sees a gap %s: %s to %s", reader->number,
              gap_reason_name(notice->gap.reason), id_text(notice->gap.after).text,
              id_text(notice->gap.until).text);
        for (size_t i = 0; i < view->count; i++)
            if (notice->gap.names[i / 8] & 1 << i % 8)
                trace(reader, 0, "    on %s", view->names[i]);
        sim->gaps[notice->gap.reason]++;
        must(stream, view_gap(view, &notice->gap));
    } else if (notice->kind == NOTICE_POSITION) {
        trace(reader, 0, "reader %zu sees the position %s", reader->number,
              id_text(notice->id).text);
        must(stream, view_position(view, notice->id));
    }
}

static void sees_event(struct sim *sim, struct stream *stream, const struct event *event)
{
    trace(stream->reader, 0, "reader %zu sees %s on %.*s", stream->reader->number,
          id_text(event->id).text, event->name_length, event->bytes);
    sim->deliveries++;
    must(stream, view_event(&stream->view, event->id));
}

static bool takes(struct stream *stream, unsigned halves)
{
    if (stream->speed == FAST)
        return true;
    stream->blocked = stream->room < halves;
    stream->room = stream->blocked ? 0 : stream->room - halves;
    return !stream->blocked;
}

/* As connection_write: what was begun, the buffer, the events. How many events are on their way. */
static size_t write_out(struct sim *sim, struct stream *stream, struct event **events, size_t count)
{
    size_t sent = 0;
    if (stream->partial) {
        if (!takes(stream, 1))
            return 0;
        sees_event(sim, stream, stream->partial);
        event_unref(stream->partial);
        stream->partial = NULL;
    }
    while (sent < stream->out_count && takes(stream, 2))
        sees(sim, stream, &stream->out[sent++]);
    stream->out_count -= sent;
    memmove(stream->out, stream->out + sent, stream->out_count * sizeof *stream->out);
    if (stream->blocked)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (stream->speed != FAST && stream->room == 1) {
            stream->room = 0;
            stream->blocked = true;
            stream->partial = event_ref(events[i]);
            return i + 1;
        }
        if (!takes(stream, 2))
            return i;
        sees_event(sim, stream, events[i]);
    }
    return count;
}

static void say(struct stream *stream, struct notice notice)
{
    MUST(stream->out_count < SIM_NOTICES);
    stream->out[stream->out_count++] = notice;
}

static void say_gap(struct stream *stream)
{
    say(stream, (struct notice){NOTICE_GAP, 0, *stream->subscription.gap});
    subscription_told(&stream->subscription);
}

static void ask(struct sim *sim, struct stream *stream)
{
    struct request *request = request_new(REQUEST_READ, stream->worker->number, SPAN(""));
    request->context = stream;
    request->selection = selection_ref(stream->subscription.selection);
    request->after = stream->subscription.cursor;
    stream->asked = request;
    sim->asks++;
    trace(stream->reader, 0, "asks for what lies after %s", id_text(request->after).text);
    post(sim, request);
}

static bool write_some(struct sim *sim, struct stream *stream)
{
    struct subscription *subscription = &stream->subscription;
    const struct windows *windows = &stream->worker->windows;
    struct event *events[64];
    size_t count, max = 1 + below(sim, 6), max_bytes = ONE_OF(sim, 1, 300, 65536);
    enum next next;
    while ((next = subscription_next(subscription, windows, events, max, max_bytes, &count)) ==
           NEXT_GAP)
        say_gap(stream);
    if (next == NEXT_ASK)
        ask(sim, stream);
    size_t written = write_out(sim, stream, events, count);
    for (size_t i = 0; i < written; i++)
        subscription_wrote(subscription, events[i]);
    if (stream->blocked)
        subscription_pause(subscription);
    return next == NEXT_EVENTS && !stream->blocked;
}

static void flush(struct sim *sim, struct stream *stream)
{
    if (!stream->open || stream->blocked)
        return;
    stream->ready = write_some(sim, stream) && write_some(sim, stream);
}

static void take_answer(struct sim *sim, struct stream *stream, struct request *request)
{
    struct subscription *subscription = &stream->subscription;
    MUST(stream->asked == request);
    stream->asked = NULL;
    MUST(subscription_take(subscription, &stream->worker->windows, request->piece));
    request->piece = NULL;
    if (!stream->open) {
        stream->open = true;
        if (subscription->gap && subscription->gap->reason == GAP_UNKNOWN)
            say_gap(stream);
        say(stream, (struct notice){.kind = NOTICE_POSITION, .id = subscription->announced});
    }
    flush(sim, stream);
}

static void keepalive(struct sim *sim, struct stream *stream)
{
    uint64_t id;
    flush(sim, stream);
    if (!stream->open || stream->blocked)
        return;
    say(stream, (struct notice){.kind = NOTICE_COMMENT});
    if (subscription_moved(&stream->subscription, &stream->worker->windows, &id))
        say(stream, (struct notice){.kind = NOTICE_POSITION, .id = id});
    write_out(sim, stream, NULL, 0);
}

/* The socket has been emptied a little. */
static void drain(struct sim *sim, struct stream *stream)
{
    if (stream->speed == STUCK)
        return;
    stream->room += 1 + (unsigned)below(sim, 9);
    if (stream->blocked) {
        stream->blocked = false;
        flush(sim, stream);
    }
}

/* ---- a worker's side ---- */

static void read_head(const struct sim *sim, struct worker *worker)
{
    if (!worker->inbox && !worker->head_read) {
        worker->inbox_head = sim->head;
        worker->head_read = true;
    }
}

static void take_one(struct sim *sim, struct worker *worker, struct parcel *parcel)
{
    struct request *request = parcel->request;
    if (parcel->event) {
        windows_append(&worker->windows, parcel->event);
        event_unref(parcel->event);
    } else {
        if (request->kind != REQUEST_PUBLISH && request->context)
            take_answer(sim, request->context, request);
        request_free(request);
    }
    free(parcel);
}

static void take_mail(struct sim *sim, struct worker *worker, size_t count)
{
    read_head(sim, worker);
    if (!worker->inbox) {
        worker->inbox = worker->mailbox;
        worker->mailbox = NULL;
        worker->mailbox_end = &worker->mailbox;
        worker->head_read = false;
    }
    while (count-- && worker->inbox) {
        struct parcel *parcel = worker->inbox;
        worker->inbox = parcel->next;
        take_one(sim, worker, parcel);
    }
    if (!worker->inbox && worker->windows.head < worker->inbox_head)
        worker->windows.head = worker->inbox_head;
    windows_trim(&worker->windows, sim->gone_to);
}

static bool run_slice(struct sim *sim, struct worker *worker, size_t count)
{
    bool any = false;
    while (count--) {
        struct link *link = windows_next(&worker->windows);
        if (!link)
            break;
        any = true;
        flush(sim, CONTAINER_OF(link->subscription, struct stream, subscription));
    }
    return any;
}

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
    request->event = frame_new(span_from(name), SPAN(""), (struct span){data, n}, false);
    MUST(request->event != NULL);
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
    sim->step++;
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
    for (uint32_t i = 0; i < window->count; i++) {
        const struct event *event = window_entry(window, i);
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
    MUST(HASH_COUNT(sim->log.interest.exact) + HASH_COUNT(sim->log.interest.prefixes) == watched);
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
        .memory = roomy ? 1000000 : ONE_OF(sim, 700, 2000, 6000, 1000000),
    };
    struct window_limits window_limits = {
        .window_entries = (uint32_t)ONE_OF(sim, 1, 2, 4, 4, 64),
        .entries = (uint32_t)ONE_OF(sim, 2, 8, 16, 16, 1000),
        .bytes = ONE_OF(sim, 200, 1000, 3000, 1000000),
    };
    traced = sim;
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
