/* The log. */
#include "engine/log.h"

#include "base/check.h"

#include <stdlib.h>

/* Which workers watch a channel or prefix. */
struct interest {
    struct match_entry entry;
    uint64_t workers; /* a bit each */
    char name[];
};

/* ---- lists of requests ---- */

void request_list_init(struct request_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

void request_list_add(struct request_list *list, struct request *request)
{
    request->mail.next = NULL;
    *list->last = &request->mail;
    list->last = &request->mail.next;
}

struct request *request_list_take(struct request_list *list)
{
    struct mail *mail = list->first;
    if (!mail)
        return NULL;
    list->first = mail->next;
    if (!list->first)
        list->last = &list->first;
    return CONTAINER_OF(mail, struct request, mail);
}

struct request *request_new(enum request_kind kind, unsigned worker, struct span name)
{
    struct request *request = calloc(1, sizeof *request + name.n);
    if (!request)
        return NULL;
    request->kind = kind;
    request->worker = (uint16_t)worker;
    request->name_length = (uint16_t)name.n;
    if (name.n)
        memcpy(request->name, name.p, name.n);
    return request;
}

void request_free(struct request *request)
{
    if (request->event)
        event_unref(request->event);
    if (request->selection)
        selection_unref(request->selection);
    piece_free(request->piece);
    free(request);
}

/* ---- life ---- */

enum error log_open(struct log *log, const struct engine_ops *ops, struct tail_limits limits,
                    unsigned workers, struct log_owner owner, uint64_t now_ms)
{
    CHECK(workers >= 1 && workers <= ENGINE_WORKERS_MAX);
    *log = (struct log){
        .ops = ops,
        .owner = owner,
        .everybody = workers == 64 ? UINT64_MAX : (UINT64_C(1) << workers) - 1,
        .piece_limits = {.events = 128, .bytes = 64 << 10, .steps = 4096},
    };
    enum error error = ops->open(log, now_ms, &log->head);
    if (!error)
        tail_init(&log->tail, limits, log->head);
    return error;
}

void log_close(struct log *log)
{
    log->ops->close(log);
    struct match_entry *entry, *next;
    HASH_ITER (hh, log->interest.exact, entry, next) {
        match_remove(&log->interest, entry);
        free(CONTAINER_OF(entry, struct interest, entry));
    }
    HASH_ITER (hh, log->interest.prefixes, entry, next) {
        match_remove(&log->interest, entry);
        free(CONTAINER_OF(entry, struct interest, entry));
    }
    tail_fini(&log->tail);
}

/* ---- watching ---- */

static bool watch(struct log *log, const struct request *request, size_t i)
{
    const struct selected *selected = &request->selection->names[i];
    struct span name = selection_name(request->selection, i);
    uint64_t bit = UINT64_C(1) << request->worker;
    struct match_entry *entry = match_find(&log->interest, name, selected->hash, selected->prefix);
    if (entry) {
        CONTAINER_OF(entry, struct interest, entry)->workers |= bit;
        return true;
    }
    struct interest *interest = calloc(1, sizeof *interest + name.n + 1);
    if (!interest)
        return false;
    memcpy(interest->name, name.p, name.n);
    interest->workers = bit;
    interest->entry.name = (struct span){interest->name, name.n};
    interest->entry.hash = selected->hash;
    interest->entry.prefix = selected->prefix;
    if (match_add(&log->interest, &interest->entry))
        return true;
    free(interest);
    return false;
}

static void unwatch(struct log *log, const struct request *request)
{
    struct span name = {request->name, request->name_length};
    struct match_entry *entry = match_find(&log->interest, name, request->hash, request->prefix);
    if (!entry)
        return; /* the opening that would have made it found no memory */
    struct interest *interest = CONTAINER_OF(entry, struct interest, entry);
    interest->workers &= ~(UINT64_C(1) << request->worker);
    if (interest->workers)
        return;
    match_remove(&log->interest, entry);
    free(interest);
}

static void add_workers(void *context, struct match_entry *entry)
{
    *(uint64_t *)context |= CONTAINER_OF(entry, struct interest, entry)->workers;
}

static void hand_out(struct log *log, struct event *event)
{
    uint64_t workers = 0;
    struct span channel = event_channel(event);
    if (channel.p[0] == '@')
        workers = log->everybody; /* each worker knows its own clients */
    else
        match_each(&log->interest, channel, event->hash, add_workers, &workers);
    for (unsigned worker = 0; workers; worker++, workers >>= 1)
        if (workers & 1)
            log->owner.send(log->owner.context, worker, event_ref(event));
}

/* ---- publishing ---- */

void log_publish(struct log *log, struct request_list *batch, uint64_t now_ms)
{
    log->ops->append(log, batch, now_ms);
}

void log_accept(struct log *log, struct request *request, uint64_t now_ms)
{
    struct event *event = request->event;
    CHECK(event->id > log->head);
    log->head = event->id; /* given, whatever comes now */
    request->error = tail_append(&log->tail, event, now_ms);
    if (!request->error)
        hand_out(log, event);
    log->owner.answer(log->owner.context, request);
}

void log_refuse(struct log *log, struct request *request, enum error error)
{
    request->error = error;
    log->owner.answer(log->owner.context, request);
}

/* ---- subscriptions ---- */

/* A step of a search compares every name of the selection. */
static struct tail_piece_limits limits_for(const struct log *log, const struct request *request)
{
    struct tail_piece_limits limits = log->piece_limits;
    limits.steps = limits.steps / request->selection->count + 1;
    return limits;
}

static void read_piece(struct log *log, struct request *request, uint64_t after)
{
    request->piece =
        tail_read(&log->tail, request->selection, after, log->head, limits_for(log, request));
    if (!request->piece)
        request->error = ERROR_NO_MEMORY;
}

static bool open_step(struct log *log, struct request *request)
{
    bool unknown;
    uint64_t after;
    /* Only once: should the worker not want it any more, its unwatch may come between two steps. */
    size_t named = request->search.under_way ? 0 : (size_t)request->selection->count - 1;
    for (size_t i = 0; i < named; i++)
        if (!watch(log, request, i)) {
            request->error = ERROR_NO_MEMORY;
            return true;
        }
    if (!tail_start(&log->tail, request->selection, &request->start, log->head,
                    limits_for(log, request).steps, &request->search, &after, &unknown))
        return false;
    read_piece(log, request, after);
    if (request->piece)
        request->piece->unknown = unknown;
    return true;
}

bool log_step(struct log *log, struct request *request)
{
    switch (request->kind) {
    case REQUEST_OPEN:
        if (!open_step(log, request))
            return false;
        break;
    case REQUEST_READ:
        read_piece(log, request, request->after);
        break;
    case REQUEST_UNWATCH:
        unwatch(log, request);
        request_free(request);
        return true;
    default:
        CHECK(!"a request that is no step");
    }
    log->owner.answer(log->owner.context, request);
    return true;
}
