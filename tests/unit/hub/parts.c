/* The engine, a worker and a stream without their loops. */
#include "parts.h"

#include "base/check.h"
#include "base/id.h"
#include "hub/clients.h"
#include "trace.h"

#include <stdlib.h>

/* ---- the log's side ---- */

void put_parcel(struct worker *worker, struct event *event, struct request *request)
{
    struct parcel *parcel = memory_new(sizeof *parcel);
    *parcel = (struct parcel){NULL, event, request};
    *worker->mailbox_end = parcel;
    worker->mailbox_end = &parcel->next;
}

void log_sends(void *context, unsigned number, struct event *event)
{
    struct sim *sim = context;
    MUST(number < sim->worker_count && event->id == sim->log.head);
    follow(sim);
    MUST(!(sim->sent_to & 1u << number));
    sim->sent_to |= 1u << number;
    put_parcel(&sim->workers[number], event, NULL);
}

static void answer_stream(struct stream *stream, const struct request *request)
{
    const struct piece *piece = request->piece;
    trace(stream->reader, 0, "the log answers: start %s complete to %s head %s, %u events%s",
          id_text(piece->start).text, id_text(piece->complete_to).text, id_text(piece->head).text,
          piece->count, piece->trimmed_to ? ", trimmed" : "");
    for (size_t i = 0; piece->trimmed_to && i < stream->view.count; i++)
        trace(stream->reader, 0, "    %s %s to %s", stream->view.names[i],
              piece->deleted[i] ? "deleted" : "trimmed", id_text(piece->trimmed_to[i]).text);
    if (request->kind == REQUEST_OPEN)
        must(stream, view_begin(&stream->view, piece->start, piece->unknown, stream->begun_head,
                                stream->begun_moment));
    must(stream, view_piece(&stream->view, piece));
}

void log_answers(void *context, struct request *request)
{
    struct sim *sim = context;
    struct stream *stream = request->context;
    if (request->kind == REQUEST_PUBLISH) {
        log_answers_publish(sim, request);
    } else if (request->kind == REQUEST_LIST || request->limit) {
        log_answers_page(sim, request);
    } else {
        enum error error = request->kind == REQUEST_OPEN ? sim->opening_error : OK;
        must(stream, request->error == error ? NULL : "an opening is answered otherwise");
        if (stream && !error)
            answer_stream(stream, request);
    }
    put_parcel(&sim->workers[request->worker], NULL, request);
}

/* ---- what the model has to know of a step ---- */

static void name_of(struct span text, bool prefix, char *name)
{
    memcpy(name, text.p, text.n);
    strcpy(name + text.n, prefix ? "*" : "");
}

static void unwatches(struct sim *sim, const struct request *request)
{
    char name[MODEL_NAME];
    name_of((struct span){request->name, request->name_length}, request->prefix, name);
    model_unwatch(&sim->model, name, request->worker, sim->now_ms);
}

static enum error opens(struct sim *sim, const struct request *request)
{
    char name[MODEL_NAME];
    const struct selection *selection = request->selection;
    size_t named = (size_t)selection->count - 1;
    name_of(selection_name(selection, named), false, name);
    if (selection->client_given && model_keeps_away(&sim->model, name, sim->mono_ms)) {
        count(sim, SIM_KEPT_AWAY);
        return ERROR_DISMISSED;
    }
    for (size_t i = 0; i < named && !request->search.under_way; i++) {
        name_of(selection_name(selection, i), selection->names[i].prefix, name);
        if (!model_watch(&sim->model, name, request->worker, sim->now_ms)) {
            count(sim, SIM_NOT_OPENED);
            return ERROR_CHANNELS_FULL;
        }
    }
    return OK;
}

void run_steps(struct sim *sim, size_t wanted)
{
    struct request *request;
    while (wanted-- && (request = request_list_take(&sim->steps))) {
        struct stream *stream = request->kind == REQUEST_OPEN ? request->context : NULL;
        if (stream && !stream->begun) {
            stream->begun = true;
            stream->begun_head = sim->model.head;
            stream->begun_moment = sim->model.moment;
        }
        if (request->kind == REQUEST_UNWATCH)
            unwatches(sim, request);
        if (request->kind == REQUEST_OPEN)
            sim->opening_error = opens(sim, request);
        if (!log_step(&sim->log, request, sim->now_ms))
            request_list_add(&sim->steps, request);
    }
}

void tell_figures(struct sim *sim)
{
    sim->gone_to = tail_gone_to(&sim->log.tail, sim->log.head);
    sim->head = sim->log.head;
}

void post(struct sim *sim, struct request *request)
{
    request_list_add(&sim->steps, request);
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

/* ---- a worker's side ---- */

void read_head(const struct sim *sim, struct worker *worker)
{
    if (!worker->inbox && !worker->head_read) {
        worker->inbox_head = sim->head;
        worker->head_read = true;
    }
}

static void dismiss(void *context, struct subscription *subscription)
{
    (void)context;
    stream_dismissed(CONTAINER_OF(subscription, struct stream, subscription));
}

/* Just the streams of that client that stand on this worker are to end. */
static void take_dismissal(struct sim *sim, struct worker *worker, const struct event *entry)
{
    struct stream *streams[SIM_READERS];
    bool away[SIM_READERS];
    for (size_t i = 0; i < SIM_READERS; i++) {
        struct stream *stream = streams[i] = sim->readers[i].stream;
        away[i] = stream && (stream->dismissed ||
                             (stream->open && stream->worker == worker &&
                              span_equal(span_from(stream->view.names[stream->view.count - 1]),
                                         event_channel(entry))));
    }
    windows_pass(&worker->windows, entry->id);
    clients_each(&worker->windows, entry, dismiss, NULL);
    for (size_t i = 0; i < SIM_READERS; i++)
        if (streams[i])
            must(streams[i], away[i] != (streams[i]->dismissed || streams[i]->ended)
                                 ? "the wrong client is sent away, or the right one stays"
                                 : NULL);
}

static void take_entry(struct sim *sim, struct worker *worker, struct event *entry)
{
    if (entry->kind == ENTRY_EVENT)
        windows_append(&worker->windows, entry);
    else if (entry->kind == ENTRY_FORGET)
        windows_forget(&worker->windows, entry);
    else
        take_dismissal(sim, worker, entry);
}

static void take_one(struct sim *sim, struct worker *worker, struct parcel *parcel)
{
    struct request *request = parcel->request;
    if (parcel->event) {
        take_entry(sim, worker, parcel->event);
        event_unref(parcel->event);
    } else {
        if (request->context)
            stream_answered(sim, request->context, request);
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
