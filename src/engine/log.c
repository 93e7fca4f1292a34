/* The log. */
#include "engine/log.h"

#include "base/check.h"

#include <stdlib.h>

enum {
    PAGE_BYTES = 256 << 10,
    PUBLISHERS_SHARE = 8, /* of the channels, which subscribers alone cannot take */
    KEYS_SHARE = 256,     /* bytes of the events' memory for each idempotency key */
};

/* Which workers watch a prefix. */
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
    request->lines = &request->line;
    request->line_count = 1;
    request->name_length = (uint16_t)name.n;
    if (name.n)
        memcpy(request->name, name.p, name.n);
    return request;
}

void request_free(struct request *request)
{
    for (uint32_t i = 0; i < request->line_count; i++)
        if (request->lines[i].entry)
            event_unref(request->lines[i].entry);
    if (request->lines != &request->line)
        free(request->lines);
    if (request->selection)
        selection_unref(request->selection);
    piece_free(request->piece);
    free(request->listing);
    free(request);
}

size_t request_bytes(const struct request *request)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < request->line_count; i++)
        bytes += event_size(request->lines[i].entry);
    return bytes;
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
        .release_entries = 64,
    };
    request_list_init(&log->accepted);
    request_list_init(&log->again);
    request_list_init(&log->waiting);
    keys_init(&log->keys, limits.memory / KEYS_SHARE);
    enum error error = ops->open(log, now_ms, &log->head);
    log->newest = log->head;
    if (!error)
        tail_init(&log->tail, limits, log->head);
    return error;
}

void log_set_limits(struct log *log, struct tail_limits limits)
{
    log->keys.max = limits.memory / KEYS_SHARE;
    tail_set_limits(&log->tail, limits);
}

static void free_list(struct request_list *list)
{
    struct request *request;
    while ((request = request_list_take(list)))
        request_free(request);
}

void log_close(struct log *log)
{
    log->ops->close(log);
    free_list(&log->accepted);
    free_list(&log->again);
    free_list(&log->waiting);
    struct match_entry *entry, *next;
    HASH_ITER (hh, log->prefixes.prefixes, entry, next) {
        match_remove(&log->prefixes, entry);
        free(CONTAINER_OF(entry, struct interest, entry));
    }
    keys_fini(&log->keys);
    dismissals_fini(&log->dismissals);
    tail_fini(&log->tail);
}

/* ---- watching ---- */

static enum error watch_channel(struct log *log, struct span name, uint64_t hash, uint64_t bit,
                                uint64_t now_ms)
{
    struct channel *channel;
    uint64_t max = log->tail.limits.channels - log->tail.limits.channels / PUBLISHERS_SHARE;
    enum error error = tail_channel(&log->tail, name, hash, max, now_ms, &channel);
    if (!error)
        tail_watched(&log->tail, channel, channel->workers | bit, now_ms);
    return error;
}

static enum error watch_prefix(struct log *log, struct span name, uint64_t hash, uint64_t bit)
{
    struct match_entry *entry = match_find(&log->prefixes, name, hash, true);
    if (entry) {
        CONTAINER_OF(entry, struct interest, entry)->workers |= bit;
        return OK;
    }
    if (HASH_COUNT(log->prefixes.prefixes) >= log->tail.limits.channels)
        return ERROR_CHANNELS_FULL;
    struct interest *interest = calloc(1, sizeof *interest + name.n + 1);
    if (!interest)
        return ERROR_NO_MEMORY;
    memcpy(interest->name, name.p, name.n);
    interest->workers = bit;
    interest->entry.name = (struct span){interest->name, name.n};
    interest->entry.hash = hash;
    interest->entry.prefix = true;
    if (match_add(&log->prefixes, &interest->entry))
        return OK;
    free(interest);
    return ERROR_NO_MEMORY;
}

static enum error watch(struct log *log, const struct request *request, size_t i, uint64_t now_ms)
{
    const struct selected *selected = &request->selection->names[i];
    struct span name = selection_name(request->selection, i);
    uint64_t bit = UINT64_C(1) << request->worker;
    return selected->prefix ? watch_prefix(log, name, selected->hash, bit)
                            : watch_channel(log, name, selected->hash, bit, now_ms);
}

static void unwatch(struct log *log, const struct request *request, uint64_t now_ms)
{
    struct span name = {request->name, request->name_length};
    uint64_t others = ~(UINT64_C(1) << request->worker);
    if (!request->prefix) {
        struct channel *channel = channels_find(&log->tail.channels, name, request->hash);
        if (channel)
            tail_watched(&log->tail, channel, channel->workers & others, now_ms);
        return; /* without one the opening that would have made it was refused */
    }
    struct match_entry *entry = match_find(&log->prefixes, name, request->hash, true);
    struct interest *interest = entry ? CONTAINER_OF(entry, struct interest, entry) : NULL;
    if (!interest || (interest->workers &= others))
        return;
    match_remove(&log->prefixes, entry);
    free(interest);
}

static void add_workers(void *context, struct match_entry *entry)
{
    *(uint64_t *)context |= CONTAINER_OF(entry, struct interest, entry)->workers;
}

uint64_t log_workers(struct log *log, const struct event *entry, const struct channel *channel)
{
    struct span name = event_channel(entry);
    if (name.p[0] == '@')
        return log->everybody; /* each worker knows its own clients */
    uint64_t workers = channel ? channel->workers : 0;
    match_each(&log->prefixes, name, entry->hash, add_workers, &workers);
    return workers;
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
    struct tail_piece_limits limits = limits_for(log, request);
    if (request->limit)
        limits = (struct tail_piece_limits){request->limit, PAGE_BYTES, limits.steps};
    request->piece = tail_read(&log->tail, request->selection, after, log->head, limits);
    if (!request->piece)
        request->error = ERROR_NO_MEMORY;
}

static bool open_step(struct log *log, struct request *request, uint64_t now_ms)
{
    bool unknown;
    uint64_t after;
    const struct selection *selection = request->selection;
    struct span client = selection_name(selection, (size_t)selection->count - 1);
    if (selection->client_given && dismissals_holds(&log->dismissals, client, log->now_ms)) {
        request->error = ERROR_DISMISSED;
        return true;
    }
    /* Only once: should the worker not want it any more, its unwatch may come between two steps. */
    size_t named = request->search.under_way ? 0 : (size_t)selection->count - 1;
    for (size_t i = 0; i < named; i++)
        if ((request->error = watch(log, request, i, now_ms)))
            return true;
    if (!tail_start(&log->tail, request->selection, &request->start, log->head,
                    limits_for(log, request).steps, &request->search, &after, &unknown))
        return false;
    read_piece(log, request, after);
    if (request->piece)
        request->piece->unknown = unknown;
    return true;
}

bool log_step(struct log *log, struct request *request, uint64_t now_ms)
{
    switch (request->kind) {
    case REQUEST_OPEN:
        if (!open_step(log, request, now_ms))
            return false;
        break;
    case REQUEST_READ:
        read_piece(log, request, request->after);
        break;
    case REQUEST_LIST:
        if (!log_list(log, request))
            return false;
        break;
    case REQUEST_UNWATCH:
        unwatch(log, request, now_ms);
        request_free(request);
        return true;
    default:
        CHECK(!"a request that is no step");
    }
    log->owner.answer(log->owner.context, request);
    return true;
}
