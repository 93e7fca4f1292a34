/* Publishing: what a request goes through before the store has it, and after.
 *
 * Before: each line's key is looked up, and its channel made ready to take it, so that what follows
 * cannot fail half-way; all lines or none. After: entries become visible one by one, in order, as
 * fast as the workers carry them on, however many a request brought. */
#include "base/check.h"
#include "base/id.h"
#include "engine/frame.h"
#include "engine/log.h"

enum { RELEASE_BYTES = 256 << 10 };

/* ---- before ---- */

static struct channel *channel_of(const struct log *log, const struct event *entry)
{
    return channels_find(&log->tail.channels, event_channel(entry), entry->hash);
}

static enum error expect(struct log *log, const struct line *line, uint64_t now_ms)
{
    struct channel *channel;
    const struct event *entry = line->entry;
    if (line->repeated || entry->kind != ENTRY_EVENT)
        return OK;
    enum error error = tail_channel(&log->tail, event_channel(entry), entry->hash,
                                    log->tail.limits.channels, now_ms, &channel);
    if (error)
        return error;
    channel->expected++;
    channel_settle(&log->tail.channels, channel, now_ms);
    return OK;
}

static void unexpect(struct log *log, const struct line *line, uint64_t now_ms)
{
    if (line->repeated || line->entry->kind != ENTRY_EVENT)
        return;
    struct channel *channel = channel_of(log, line->entry);
    channel->expected--;
    channel_settle(&log->tail.channels, channel, now_ms);
}

/* *wait: another publish with this key is under way. */
static enum error look_up_key(struct log *log, struct request *request, struct line *line,
                              bool *wait)
{
    if (!line->keyed)
        return OK;
    struct key *key = keys_find(&log->keys, line->key, log->now_ms);
    if (!key)
        return keys_add(&log->keys, line->key, line->body, request, log->now_ms, &line->own);
    *wait = key->id == 0 && key->owner != request;
    if (!*wait && key->body != line->body)
        return ERROR_KEY_REUSED;
    line->repeated = !*wait;
    line->id = key->id; /* 0 for a line that repeats one of its own request */
    return OK;
}

static void undo_key(struct log *log, struct line *line)
{
    if (line->own)
        keys_drop(&log->keys, line->own);
    line->own = NULL;
    line->repeated = false;
}

/* Undoes what was done for the first lines. */
static void undo(struct log *log, struct request *request, uint32_t expected, uint32_t keyed,
                 uint64_t now_ms)
{
    for (uint32_t i = 0; i < expected; i++)
        unexpect(log, &request->lines[i], now_ms);
    for (uint32_t i = 0; i < keyed; i++)
        if (request->lines[i].keyed)
            undo_key(log, &request->lines[i]);
}

/* True if the store may have it; else it waits, or has been answered. */
static bool prepare(struct log *log, struct request *request, uint64_t now_ms)
{
    enum error error = OK;
    uint32_t keyed = 0, expected = 0, count = request->line_count;
    bool wait = false;
    while (keyed < count && !wait && !error) {
        error = look_up_key(log, request, &request->lines[keyed], &wait);
        keyed += !error && !wait;
    }
    while (expected < count && !wait && !error) {
        error = expect(log, &request->lines[expected], now_ms);
        expected += !error;
    }
    if (!error && !wait)
        return true;
    undo(log, request, expected, keyed, now_ms);
    request->error = error;
    if (wait)
        request_list_add(&log->waiting, request);
    else
        log->owner.answer(log->owner.context, request);
    return false;
}

/* Those that waited for a key look again once one is settled. */
static void wake_waiting(struct log *log)
{
    struct request *request;
    if (!log->settled)
        return;
    log->settled = false;
    while ((request = request_list_take(&log->waiting)))
        request_list_add(&log->again, request);
}

void log_publish(struct log *log, struct request_list *batch, uint64_t now_ms)
{
    struct request_list ready;
    struct request *request;
    request_list_init(&ready);
    keys_expire(&log->keys, log->now_ms);
    while ((request = request_list_take(&log->again)) || (request = request_list_take(batch)))
        if (prepare(log, request, now_ms))
            request_list_add(&ready, request);
    if (ready.first)
        log->ops->append(log, &ready, now_ms);
    wake_waiting(log);
}

/* ---- the store's word ---- */

void log_stamp(struct log *log, struct request *request, uint64_t now_ms)
{
    for (uint32_t i = 0; i < request->line_count; i++) {
        struct line *line = &request->lines[i];
        if (line->repeated)
            continue;
        line->id = log->newest = id_next(log->newest, now_ms);
        frame_stamp(line->entry, line->id);
    }
}

void log_accept(struct log *log, struct request *request)
{
    request_list_add(&log->accepted, request);
}

void log_refuse(struct log *log, struct request *request, enum error error, uint64_t now_ms)
{
    undo(log, request, request->line_count, request->line_count, now_ms);
    log->settled = true; /* who waited for one of its keys may go on */
    wake_waiting(log);
    request->error = error;
    log->owner.answer(log->owner.context, request);
}

/* ---- after ---- */

static void hand_out(struct log *log, struct event *entry, const struct channel *channel)
{
    uint64_t workers = log_workers(log, entry, channel);
    for (unsigned worker = 0; workers; worker++, workers >>= 1)
        if (workers & 1)
            log->owner.send(log->owner.context, worker, event_ref(entry));
}

/* Without memory to remember it, the client is sent away once, and may come back. */
static void dismiss(struct log *log, const struct event *entry)
{
    if (entry->value)
        dismissals_add(&log->dismissals, event_channel(entry), log->now_ms + entry->value,
                       log->now_ms);
}

static void release(struct log *log, struct line *line, uint64_t now_ms)
{
    struct event *entry = line->entry;
    struct channel *channel = channel_of(log, entry);
    CHECK(entry->id > log->head);
    log->head = entry->id;
    hand_out(log, entry, channel);
    if (entry->kind == ENTRY_EVENT)
        tail_append(&log->tail, channel, entry, now_ms);
    else if (entry->kind == ENTRY_FORGET)
        tail_forget(&log->tail, event_channel(entry), entry->hash, now_ms);
    else
        dismiss(log, entry);
}

static void settle_key(struct log *log, struct line *line)
{
    if (!line->own)
        return;
    keys_settle(&log->keys, line->own, line->id, log->now_ms);
    line->own = NULL;
    log->settled = true;
}

/* Its keys are settled all at once, however long its lines took, so that they are still there for
 * the lines that repeat others of the same request. */
static void answer(struct log *log, struct request *request)
{
    for (uint32_t i = 0; i < request->line_count; i++)
        settle_key(log, &request->lines[i]);
    for (uint32_t i = 0; i < request->line_count; i++) {
        struct line *line = &request->lines[i];
        if (line->repeated && line->id == 0)
            line->id = keys_find(&log->keys, line->key, log->now_ms)->id;
    }
    log->owner.answer(log->owner.context, request);
}

void log_release(struct log *log, uint64_t now_ms)
{
    size_t bytes = 0;
    for (uint32_t i = 0;
         i < log->release_entries && bytes < RELEASE_BYTES && log->accepted.first;) {
        struct request *request = CONTAINER_OF(log->accepted.first, struct request, mail);
        if (request->released == request->line_count) {
            request_list_take(&log->accepted);
            answer(log, request);
            continue;
        }
        struct line *line = &request->lines[request->released++];
        if (line->repeated)
            continue;
        bytes += event_size(line->entry);
        release(log, line, now_ms);
        i++;
    }
    const struct request *first =
        log->accepted.first ? CONTAINER_OF(log->accepted.first, struct request, mail) : NULL;
    if (first &&
        first->released == first->line_count) /* the last one is out: no turn more for it */
        answer(log, request_list_take(&log->accepted));
    wake_waiting(log);
}

bool log_has_work(const struct log *log)
{
    return log->accepted.first || log->again.first;
}
