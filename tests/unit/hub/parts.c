/* The engine, a worker and a stream without their loops. */
#include "parts.h"

#include "base/check.h"
#include "base/id.h"
#include "trace.h"

#include <stdlib.h>

/* ---- the log's side ---- */

static void put(struct worker *worker, struct event *event, struct request *request)
{
    struct parcel *parcel = memory_new(sizeof *parcel);
    *parcel = (struct parcel){NULL, event, request};
    *worker->mailbox_end = parcel;
    worker->mailbox_end = &parcel->next;
}

void log_sends(void *context, unsigned number, struct event *event)
{
    struct sim *sim = context;
    MUST(number < sim->worker_count);
    put(&sim->workers[number], event, NULL);
}

static void published(struct sim *sim, const struct request *request)
{
    const struct event *event = request->line.entry;
    char name[MODEL_NAME] = {0};
    memcpy(name, event->bytes, event->name_length);
    size_t channel = model_channel(&sim->model, name), size = event_size(event);
    MUST(request->error == OK && event->id > sim->model.head);
    trace(NULL, channel, "published %s on %s, %zu bytes", id_text(event->id).text, name, size);
    model_publish(&sim->model, channel, event->id, size, sim->now_ms);
    sim->events++;
}

void log_answers(void *context, struct request *request)
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
            must(stream, view_begin(&stream->view, piece->start, piece->unknown, stream->begun_head,
                                    stream->begun_moment));
    }
    put(&sim->workers[request->worker], NULL, request);
}

void run_publishes(struct sim *sim)
{
    if (sim->publishes.first || log_has_work(&sim->log))
        log_publish(&sim->log, &sim->publishes, sim->now_ms);
    log_release(&sim->log, sim->now_ms);
}

/* What the model has to know of a step. */
static void watches(struct sim *sim, const struct request *request)
{
    char name[MODEL_NAME] = {0};
    if (request->kind == REQUEST_UNWATCH && !request->prefix) {
        memcpy(name, request->name, request->name_length);
        model_unwatch(&sim->model, model_channel(&sim->model, name), request->worker, sim->now_ms);
    }
    if (request->kind != REQUEST_OPEN || request->search.under_way)
        return;
    for (size_t i = 0; i + 1 < request->selection->count; i++) {
        struct span text = selection_name(request->selection, i);
        memset(name, 0, sizeof name);
        memcpy(name, text.p, text.n);
        if (!request->selection->names[i].prefix)
            model_watch(&sim->model, model_channel(&sim->model, name), request->worker);
    }
}

void run_steps(struct sim *sim, size_t count)
{
    struct request *request;
    while (count-- && (request = request_list_take(&sim->steps))) {
        struct stream *stream = request->context;
        if (request->kind == REQUEST_OPEN && stream && !stream->begun) {
            stream->begun = true;
            stream->begun_head = sim->model.head;
            stream->begun_moment = sim->model.moment;
        }
        watches(sim, request);
        if (!log_step(&sim->log, request, sim->now_ms))
            request_list_add(&sim->steps, request);
    }
}

void tell_figures(struct sim *sim)
{
    sim->gone_to = tail_gone_to(&sim->log.tail, sim->log.head);
    sim->head = sim->log.head;
}

void expire(struct sim *sim)
{
    while (tail_expire(&sim->log.tail, sim->now_ms))
        ;
    model_expire(&sim->model, sim->now_ms);
    trace(NULL, SIZE_MAX, "expired at %llu, floor %s", (unsigned long long)sim->now_ms,
          id_text(sim->model.floor).text);
}

void post(struct sim *sim, struct request *request)
{
    request_list_add(request->kind == REQUEST_PUBLISH ? &sim->publishes : &sim->steps, request);
}

void *make_unwatch(void *context, struct window *window)
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

void send_unwatch(void *context, void *unwatch)
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
    struct event *events[64];
    size_t count, max = 1 + below(sim, 6), max_bytes = ONE_OF(sim, 1, 300, 65536);
    enum next next;
    while ((next = subscription_next(subscription, events, max, max_bytes, &count)) == NEXT_GAP)
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

void flush(struct sim *sim, struct stream *stream)
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
    MUST(subscription_take(subscription, request->piece));
    request->piece = NULL;
    if (!stream->open) {
        stream->open = true;
        if (subscription->gap && subscription->gap->reason == GAP_UNKNOWN)
            say_gap(stream);
        say(stream, (struct notice){.kind = NOTICE_POSITION, .id = subscription->announced});
    }
    flush(sim, stream);
}

void keepalive(struct sim *sim, struct stream *stream)
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

void drain(struct sim *sim, struct stream *stream)
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

void read_head(const struct sim *sim, struct worker *worker)
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

void take_mail(struct sim *sim, struct worker *worker, size_t count)
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

bool run_slice(struct sim *sim, struct worker *worker, size_t count)
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
