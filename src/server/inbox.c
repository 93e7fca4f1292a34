/* What comes by mail, and to whom it goes. */
#include "server/inbox.h"

#include "base/check.h"
#include "hub/clients.h"
#include "server/connection.h"
#include "server/publish.h"
#include "server/routes.h"
#include "server/stream.h"

#include <stdlib.h>

enum { TURN_MAIL = 64 };

void inbox_tell_waiting(struct worker *worker)
{
    struct progress *progress = &worker->progress;
    atomic_store(&progress->waiting, worker->windows.backlog);
    atomic_store(&progress->waiting_bytes, worker->windows.backlog_bytes);
}

static void dismiss(void *context, struct subscription *subscription)
{
    (void)context;
    stream_dismiss(CONTAINER_OF(subscription, struct stream, subscription));
}

static void take_entry(struct worker *worker, struct event *entry)
{
    struct windows *windows = &worker->windows;
    switch ((enum entry_kind)entry->kind) {
    case ENTRY_EVENT:
        if (windows_append(windows, entry))
            counter_add(&worker->counters, METRIC_EVENTS_OUT, 1);
        break;
    case ENTRY_FORGET:
        windows_forget(windows, entry);
        break;
    case ENTRY_DISMISS:
        windows_pass(windows, entry->id);
        clients_each(windows, entry, dismiss, NULL);
        break;
    case ENTRY_TWIN:
        CHECK(!"a rendering in the log");
    }
}

static void take_entries(struct worker *worker, struct entries *entries)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < entries->count; i++) {
        struct event *entry = entries->events[i];
        bytes += event_size(entry);
        take_entry(worker, entry);
        event_unref(entry);
    }
    inbox_tell_waiting(worker); /* before they count as taken */
    struct progress *progress = &worker->progress;
    atomic_fetch_add(&progress->taken_bytes, bytes);
    atomic_fetch_add(&progress->taken, entries->count);
    free(entries);
}

bool inbox_is_in_hand(const struct request *request)
{
    return request->kind == REQUEST_PUBLISH || request->kind == REQUEST_LIST ||
           (request->kind == REQUEST_READ && request->limit);
}

static void take_published(struct worker *worker, const struct request *request)
{
    uint64_t repeated = 0, events = 0;
    if (request->error)
        return;
    for (uint32_t i = 0; i < request->line_count; i++) {
        repeated += request->lines[i].repeated;
        events += !request->lines[i].repeated && request->lines[i].entry->kind == ENTRY_EVENT;
    }
    counter_add(&worker->counters, METRIC_EVENTS_IN, events);
    counter_add(&worker->counters, METRIC_REPEATED, repeated);
}

static void take_answer(struct worker *worker, struct request *request)
{
    struct exchange *exchange = request->context;
    bool history = request->kind == REQUEST_READ && request->limit;
    if (request->kind == REQUEST_LIST && !worker->over) {
        channels_count(worker, request);
        return; /* it comes back by mail */
    }
    if (request->kind == REQUEST_PUBLISH)
        take_published(worker, request);
    if (inbox_is_in_hand(request))
        worker->in_hand--;
    if (!exchange)
        ; /* for nobody */
    else if (history)
        history_answer(exchange, request);
    else if (request->kind == REQUEST_LIST)
        channels_answer(exchange, request);
    else if (request->kind == REQUEST_PUBLISH && request->lines[0].entry->kind != ENTRY_EVENT)
        entry_answer(exchange, request);
    else if (request->kind == REQUEST_PUBLISH)
        publish_answer(exchange, request);
    else
        stream_answer(request->context, request);
    request_free(request);
}

/* A listing on its way round, or back where it began. */
static void take_count(struct worker *worker, struct request *request)
{
    if (worker->over) {
        request_free(request);
        return;
    }
    if (!request->rounds) {
        channels_count(worker, request);
        return;
    }
    worker->in_hand--;
    worker->listings--;
    if (request->context)
        channels_answer(request->context, request);
    request_free(request);
}

static void begin_stopping(struct worker *worker)
{
    struct connection *connection, *next;
    if (worker->stopping)
        return;
    worker->stopping = true;
    for (connection = LIST_FIRST(&worker->connections); connection; connection = next) {
        next = LIST_NEXT(connection, all);
        if (connection->state == CONNECTION_HEAD && connection->transit->in.len == 0 &&
            connection->transit->out.len == 0)
            connection_close(connection, CLOSE_STOPPED);
    }
    ev_timer_set(&worker->deadline, (double)worker->settings->stop_timeout / 1000, 0.);
    ev_timer_start(worker->loop, &worker->deadline);
}

static void take_one(struct worker *worker, struct mail *mail)
{
    switch (mail->kind) {
    case ENGINE_ENTRIES:
        take_entries(worker, CONTAINER_OF(mail, struct entries, mail));
        break;
    case ENGINE_ANSWER:
        take_answer(worker, CONTAINER_OF(mail, struct request, mail));
        break;
    case ENGINE_END:
        worker->ending = true;
        worker->walk_next = LIST_FIRST(&worker->connections);
        break;
    case WORKER_CONNECTION: {
        struct arrival *arrival = CONTAINER_OF(mail, struct arrival, mail);
        connection_new(worker, arrival->fd);
        free(arrival);
        break;
    }
    case WORKER_STOP:
        begin_stopping(worker);
        break;
    case WORKER_SETTINGS: {
        struct new_settings *fresh = CONTAINER_OF(mail, struct new_settings, mail);
        worker_set(worker, fresh->settings);
        free(fresh);
        break;
    }
    case WORKER_COUNT:
        take_count(worker, CONTAINER_OF(mail, struct request, mail));
        break;
    default:
        CHECK(!"mail of no known kind");
    }
}

static void fetch_mail(struct worker *worker)
{
    worker->inbox_head = engine_head(worker->engine);
    worker->inbox = mailbox_take(&worker->mailbox);
}

/* Some of the mail. The head was read before the mail was taken (see engine_head), and holds when
 * all of that mail is worked off. What came behind it is fetched at once: its wake-up may have been
 * heard while the inbox was not empty, and would not come again. */
void inbox_work(struct worker *worker)
{
    if (!worker->inbox)
        fetch_mail(worker);
    for (int i = 0; i < TURN_MAIL && worker->inbox; i++) {
        struct mail *mail = worker->inbox;
        worker->inbox = mail->next;
        take_one(worker, mail);
    }
    if (!worker->inbox) {
        if (worker->windows.head < worker->inbox_head)
            worker->windows.head = worker->inbox_head;
        fetch_mail(worker);
    }
    windows_trim(&worker->windows, engine_gone_to(worker->engine));
}
