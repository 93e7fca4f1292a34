/* GET /channels, /channels/{channel}, /channels/{channel}/events, DELETE /channels/{channel}.
 *
 * Who subscribes is known by the workers alone: a listing comes from the log with names and
 * history, goes round from worker to worker, each adding its streams, and is answered where it
 * began. */
#include "base/check.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/units.h"
#include "engine/envelope.h"
#include "server/names.h"
#include "server/respond.h"
#include "server/routes.h"
#include "server/server.h"
#include "json/write.h"

#include <stdlib.h>

enum {
    LIMIT_DEFAULT = 100,
    LIMIT_MAX = LISTING_MAX,
    PAGE_TEXT = 1 << 20,
    LISTINGS_MAX = 16, /* of one worker, under way at a time */
    ROWS_A_TURN = 32,  /* each is looked up once for each length of prefix that is watched */
};

/* ---- what is asked ---- */

static size_t text_max(const struct exchange *exchange)
{
    return exchange->connection->worker->settings->max_head;
}

static enum error read_limit(const struct exchange *exchange, uint32_t *limit)
{
    struct buf value;
    bool found;
    uint64_t number = LIMIT_DEFAULT;
    buf_init(&value, 32);
    enum error error = route_parameter(exchange, SPAN("limit"), &value, &found);
    if (error == ERROR_TOO_LARGE ||
        (!error && found && (!number_parse(buf_span(&value), LIMIT_MAX, &number) || number == 0)))
        error = ERROR_LIMIT;
    *limit = (uint32_t)number;
    buf_fini(&value);
    return error;
}

/* A parameter that is a channel's name, or the beginning of one; empty if it is not there. */
static enum error read_text(const struct exchange *exchange, struct span name, struct buf *out)
{
    bool found;
    enum error error = route_parameter(exchange, name, out, &found);
    return error ? error : out->len ? channel_check(buf_span(out)) : OK;
}

static enum error read_channel(const struct exchange *exchange, struct buf *out)
{
    bool found;
    enum error error = route_channel(exchange, out, &found);
    return error ? error : channel_check(buf_span(out));
}

static void post(struct exchange *exchange, struct request *request)
{
    request->context = exchange;
    exchange->asked = request;
    worker_post(exchange->connection->worker, request);
}

static enum error ask_listing(struct exchange *exchange, struct listing *listing, bool exact)
{
    struct worker *worker = exchange->connection->worker;
    bool full = worker->listings == LISTINGS_MAX;
    struct request *request =
        listing && !full ? request_new(REQUEST_LIST, worker->number, SPAN("")) : NULL;
    if (!request) {
        free(listing);
        return full ? ERROR_BUFFERS_FULL : ERROR_NO_MEMORY;
    }
    worker->listings++;
    listing->exact = exact;
    request->listing = listing;
    post(exchange, request);
    return OK;
}

void handle_channels(struct exchange *exchange)
{
    struct buf prefix, after;
    uint32_t limit;
    buf_init(&prefix, text_max(exchange));
    buf_init(&after, text_max(exchange));
    enum error error = read_limit(exchange, &limit);
    if (!error)
        error = read_text(exchange, SPAN("prefix"), &prefix);
    if (!error)
        error = read_text(exchange, SPAN("after"), &after);
    if (!error && connection_is_heavy(exchange->connection))
        error = ERROR_BUFFERS_FULL;
    if (!error)
        error =
            ask_listing(exchange, listing_new(limit, buf_span(&prefix), buf_span(&after)), false);
    buf_fini(&prefix);
    buf_fini(&after);
    if (error)
        respond_error(exchange->connection, error, NULL);
}

void handle_channel(struct exchange *exchange)
{
    struct buf name;
    buf_init(&name, text_max(exchange));
    enum error error = read_channel(exchange, &name);
    if (!error)
        error = ask_listing(exchange, listing_new(1, SPAN(""), buf_span(&name)), true);
    buf_fini(&name);
    if (error)
        respond_error(exchange->connection, error, NULL);
}

void handle_forget(struct exchange *exchange)
{
    struct buf name;
    buf_init(&name, text_max(exchange));
    enum error error = read_channel(exchange, &name);
    if (!error)
        error = entry_post(exchange, ENTRY_FORGET, buf_span(&name), 0);
    buf_fini(&name);
    if (error)
        respond_error(exchange->connection, error, NULL);
}

/* ?after=: an id; without it all that is kept. */
static enum error read_after(const struct exchange *exchange, uint64_t *after, bool *given)
{
    struct buf value;
    bool found;
    *after = 0;
    *given = false;
    buf_init(&value, 64);
    enum error error = route_parameter(exchange, SPAN("after"), &value, &found);
    if (error == ERROR_TOO_LARGE || (!error && value.len && id_parse(buf_span(&value), after)))
        error = ERROR_ID_SYNTAX;
    *given = value.len > 0;
    buf_fini(&value);
    return error;
}

void handle_history(struct exchange *exchange)
{
    struct buf name;
    uint32_t limit;
    uint64_t after;
    bool given = false;
    struct request *request = NULL;
    buf_init(&name, text_max(exchange));
    enum error error = read_channel(exchange, &name);
    if (!error)
        error = read_limit(exchange, &limit);
    if (!error)
        error = read_after(exchange, &after, &given);
    if (!error && connection_is_heavy(exchange->connection))
        error = ERROR_BUFFERS_FULL;
    if (!error) {
        struct span channel = buf_span(&name);
        request = request_new(REQUEST_READ, exchange->connection->worker->number, SPAN(""));
        if (request)
            request->selection = selection_new(&channel, 1, SPAN(""), false);
        if (!request || !request->selection)
            error = ERROR_NO_MEMORY;
    }
    buf_fini(&name);
    if (!error) {
        request->after = after;
        request->start.position_kind = given ? START_AFTER : START_NONE;
        request->limit = limit;
        post(exchange, request);
        return;
    }
    if (request)
        request_free(request);
    respond_error(exchange->connection, error, NULL);
}

/* ---- going round ---- */

static void add_links(void *context, struct match_entry *entry)
{
    struct listing_row *row = context;
    const struct window *window = CONTAINER_OF(entry, struct window, entry);
    row->subscribers += window->link_count;
    row->named += entry->prefix ? 0 : window->link_count;
}

void channels_count(struct worker *worker, struct request *request)
{
    struct listing *listing = request->listing;
    for (int n = 0; n < ROWS_A_TURN && listing->counted < listing->count; n++) {
        struct listing_row *row = &listing->rows[listing->counted++];
        match_each(&worker->windows.match, (struct span){row->name, row->length},
                   hash_bytes(row->name, row->length), add_links, row);
    }
    unsigned workers = server_workers(worker->server), next = worker->number;
    if (listing->counted == listing->count) {
        next = (next + 1) % workers;
        listing->counted = 0;
        request->rounds += next == request->worker;
    }
    request->mail.kind = WORKER_COUNT;
    mailbox_put(server_mailbox(worker->server, next), &request->mail);
}

/* ---- answers ---- */

static enum error write_id(struct buf *out, const char *name, uint64_t id)
{
    return id ? buf_printf(out, ",\"%s\":\"%s\"", name, id_text(id).text)
              : buf_printf(out, ",\"%s\":null", name);
}

static enum error write_row(const struct listing_row *row, struct buf *out)
{
    enum error error = buf_printf(out, "{\"channel\":");
    if (!error)
        error = json_write_string((struct span){row->name, row->length}, out);
    if (!error)
        error = buf_printf(out, ",\"subscribers\":%u,\"events\":%u", row->subscribers, row->events);
    if (!error)
        error = write_id(out, "first_id", row->first_id);
    if (!error)
        error = write_id(out, "last_id", row->last_id);
    return error ? error : buf_append(out, "}", 1);
}

static enum error write_rows(const struct listing *listing, struct buf *out)
{
    enum error error = buf_printf(out, "{\"channels\":[");
    for (uint32_t i = 0; i < listing->count && !error; i++) {
        if (i)
            error = buf_append(out, ",", 1);
        if (!error)
            error = write_row(&listing->rows[i], out);
    }
    return error ? error : buf_append(out, "]}", 2);
}

static void respond_text(struct connection *connection, enum error error, struct buf *out)
{
    if (error)
        respond_error(connection, error, NULL);
    else
        respond(connection, 200, "application/json", buf_span(out),
                SPAN("Cache-Control: no-store\r\n"));
    buf_fini(out);
}

/* Many may have been let in before the first of their answers was written. */
static enum error check_room(const struct connection *connection, const struct request *request)
{
    return request->error                    ? request->error
           : connection_is_heavy(connection) ? ERROR_BUFFERS_FULL
                                             : OK;
}

void channels_answer(struct exchange *exchange, struct request *request)
{
    struct connection *connection = exchange->connection;
    const struct listing *listing = request->listing;
    const struct listing_row *only = &listing->rows[0];
    struct buf out;
    exchange->asked = NULL;
    buf_init(&out, PAGE_TEXT);
    enum error error = check_room(connection, request);
    if (error)
        respond_text(connection, error, &out);
    else if (!listing->exact)
        respond_text(connection, write_rows(listing, &out), &out);
    else if (only->events || only->named)
        respond_text(connection, write_row(only, &out), &out);
    else
        respond_error(connection, ERROR_CHANNEL_UNKNOWN, NULL);
}

static enum error write_history(const struct request *request, struct buf *out)
{
    const struct piece *piece = request->piece;
    bool asked = request->start.position_kind != START_NONE;
    bool ahead = request->after > piece->head;
    bool gap = asked && piece->trimmed_to && piece->trimmed_to[0] > request->after;
    enum error error = buf_printf(out, "{\"events\":[");
    for (uint32_t i = 0; i < piece->count && !error; i++) {
        if (i)
            error = buf_append(out, ",", 1);
        if (!error)
            error = event_write_json(piece->events[i], false, out);
    }
    if (!error)
        error = buf_printf(out, "],\"position\":\"%s\",\"gap\":%s}",
                           id_text(ahead ? piece->head : piece->complete_to).text,
                           gap || ahead ? "true" : "false");
    return error;
}

void history_answer(struct exchange *exchange, const struct request *request)
{
    struct connection *connection = exchange->connection;
    struct buf out;
    exchange->asked = NULL;
    buf_init(&out, connection->transit->out.max);
    enum error error = check_room(connection, request);
    respond_text(connection, error ? error : write_history(request, &out), &out);
}
