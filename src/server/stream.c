/* Streams: what a subscription has to say, as bytes on its connection. */
#include "server/stream.h"

#include "base/check.h"
#include "base/log.h"
#include "http/response.h"
#include "net/listener.h"
#include "server/connection.h"
#include "server/cors.h"
#include "server/respond.h"
#include "sse/write.h"

#include <stdlib.h>

enum { BATCH_EVENTS = 64, BATCH_BYTES = 64 << 10, BATCHES_A_TURN = 2, TEXT_MAX = 256 << 10 };

static void out_of_memory(struct stream *stream)
{
    connection_close(connection_of(stream), CLOSE_MEMORY);
}

/* Puts a block of text on its way, framed as the connection's version wants it. */
static bool say(struct stream *stream, struct buf *text)
{
    struct transit *transit = connection_transit(connection_of(stream));
    enum error error = !transit ? ERROR_NO_MEMORY
                       : connection_of(stream)->old
                           ? buf_append(&transit->out, text->data, text->len)
                           : http_write_chunk(&transit->out, buf_span(text));
    buf_fini(text);
    if (error)
        out_of_memory(stream);
    return !error;
}

/* ---- opening ---- */

bool stream_open(struct exchange *exchange, struct selection *selection, const struct start *start,
                 struct stream_options options)
{
    struct connection *connection = exchange->connection;
    struct worker *worker = connection->worker;
    struct stream *stream = &connection->stream;
    struct request *request = request_new(REQUEST_OPEN, worker->number, SPAN(""));
    *stream = (struct stream){
        .opened_ms = worker->now_ms, .greets = options.greets, .envelopes = options.envelopes};
    if (!request || !subscription_open(&stream->subscription, &worker->windows, selection)) {
        if (request)
            request_free(request);
        return false;
    }
    stream->subscription.catch_up->asked = request;
    request->context = stream;
    request->selection = selection_ref(selection);
    request->start = *start;
    connection->streams = true;
    connection->state = CONNECTION_STREAM;
    buf_fini(&exchange->content);
    buf_fini(&connection->transit->in);
    counter_add(&worker->counters, METRIC_SUBSCRIBERS, 1);
    worker_post(worker, request);
    return true;
}

static enum error write_response_head(struct connection *connection, struct span client)
{
    struct buf lines;
    buf_init(&lines, 2048 + connection->worker->settings->max_head); /* an Origin is echoed */
    enum error error = buf_printf(&lines,
                                  "%sCache-Control: no-cache, no-store, no-transform\r\n"
                                  "X-Accel-Buffering: no\r\n"
                                  "Freshet-Client-Id: %.*s\r\n%s",
                                  worker_date(connection->worker), (int)client.n, client.p,
                                  connection->old ? "" : "Connection: keep-alive\r\n");
    if (!error)
        error = cors_write(connection->transit->exchange, &lines);
    if (!error)
        error = http_write_head(&connection->transit->out, 200, "text/event-stream",
                                connection->old ? HTTP_LENGTH_NONE : HTTP_LENGTH_CHUNKED, false,
                                buf_span(&lines));
    buf_fini(&lines);
    return error;
}

void stream_respond_head(struct exchange *exchange, const struct selection *selection)
{
    struct connection *connection = exchange->connection;
    if (connection->old)
        connection->keep_alive = false; /* as the stream itself would end */
    counter_add(&connection->worker->counters, METRIC_ANSWERS_2XX, 1);
    if (write_response_head(connection, selection_client_id(selection)))
        connection_close(connection, CLOSE_MEMORY);
    else
        connection_answered(connection);
}

/* The opening block: the position alone, or as an event for clients that overlook such a block. */
static enum error write_opening_block(struct stream *stream, struct buf *text)
{
    const struct subscription *subscription = &stream->subscription;
    struct span client = subscription_client_id(subscription);
    if (!stream->greets)
        return sse_write_position(text, subscription->cursor);
    return buf_printf(text, "id: %s\nevent: freshet.open\ndata: {\"client_id\":\"%.*s\"}\n\n",
                      id_text(subscription->cursor).text, (int)client.n, client.p);
}

static void say_opening(struct stream *stream)
{
    struct subscription *subscription = &stream->subscription;
    struct buf text;
    buf_init(&text, TEXT_MAX);
    const struct gap *gap = subscription_gap(subscription);
    enum error error =
        write_response_head(connection_of(stream), subscription_client_id(subscription));
    if (!error)
        error = sse_write_retry(&text, connection_of(stream)->worker->settings->retry);
    if (!error)
        error = sse_write_comment(&text, SPAN("connected"));
    if (!error && gap && gap->reason == GAP_UNKNOWN)
        error = stream_write_gap(stream, &text);
    if (!error)
        error = write_opening_block(stream, &text);
    connection_drop_exchange(connection_of(stream));
    stream->open = true;
    counter_add(&connection_of(stream)->worker->counters, METRIC_SUBSCRIBERS_ALL, 1);
    counter_add(&connection_of(stream)->worker->counters, METRIC_ANSWERS_2XX, 1);
    if (error) {
        buf_fini(&text);
        out_of_memory(stream);
    } else {
        say(stream, &text);
    }
}

/* ---- gaps ---- */

static bool say_gap(struct stream *stream)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    if (stream_write_gap(stream, &text)) {
        buf_fini(&text);
        out_of_memory(stream);
        return false;
    }
    return say(stream, &text);
}

/* ---- going on ---- */

static bool ask(struct stream *stream)
{
    struct worker *worker = connection_of(stream)->worker;
    struct request *request = request_new(REQUEST_READ, worker->number, SPAN(""));
    if (!request) {
        out_of_memory(stream);
        return false;
    }
    request->context = stream;
    request->selection = selection_ref(stream->subscription.catch_up->selection);
    request->after = stream->subscription.cursor;
    stream->subscription.catch_up->asked = request;
    worker_post(worker, request);
    return true;
}

/* The log does not open it: the connection answers as to any other request, and ends. */
static void refuse(struct stream *stream, enum error error)
{
    struct connection *connection = connection_of(stream);
    struct worker *worker = connection->worker;
    subscription_close(&stream->subscription, &worker->windows);
    counter_subtract(&worker->counters, METRIC_SUBSCRIBERS, 1);
    connection_init_reading(connection);
    connection->state = CONNECTION_WAITING;
    connection->keep_alive = false; /* what the client sent behind the request is gone */
    if (error == ERROR_DISMISSED)
        respond_empty(connection);
    else
        respond_busy(connection, error);
}

void stream_answer(struct stream *stream, struct request *request)
{
    struct connection *connection = connection_of(stream);
    CHECK(stream->subscription.catch_up->asked == request);
    stream->subscription.catch_up->asked = NULL;
    if (request->error && !stream->open) {
        refuse(stream, request->error);
        return;
    }
    if (request->error) {
        out_of_memory(stream);
        return;
    }
    struct piece *piece = request->piece;
    request->piece = NULL;
    if (!subscription_take(&stream->subscription, piece)) {
        out_of_memory(stream);
        return;
    }
    if (!stream->open)
        say_opening(stream);
    if (connection->blocked)
        subscription_pause(&stream->subscription);
    if (connection->state == CONNECTION_STREAM) {
        if (!connection->blocked) /* else the stall's time runs */
            connection_expire_in(connection, connection->worker->settings->keepalive);
        stream_flush(stream);
    }
}

static void end(struct stream *stream, enum close_reason reason)
{
    struct connection *connection = connection_of(stream);
    if (!connection->old &&
        (!connection_transit(connection) ||
         buf_append(&connection->transit->out, HTTP_LAST_CHUNK, sizeof HTTP_LAST_CHUNK - 1))) {
        out_of_memory(stream);
        return;
    }
    stream_close(stream, reason);
    connection_finish(connection);
}

/* The hub stops and this reader has all: a time to come back at, and a clean end. */
static void say_farewell(struct stream *stream)
{
    uint64_t spread = connection_of(stream)->worker->settings->stop_spread;
    struct buf text;
    buf_init(&text, TEXT_MAX);
    if (sse_write_retry(&text, 1 + (spread ? random_below((uint32_t)spread) : 0)))
        out_of_memory(stream);
    else if (say(stream, &text))
        end(stream, CLOSE_STOPPED);
}

void stream_dismiss(struct stream *stream)
{
    if (!stream->open)
        return; /* it opens behind that entry */
    stream->dismissed = true;
    connection_make_ready(connection_of(stream));
}

/* Puts the events' envelopes in their places, each with a reference; how many could be made. */
static size_t put_in_envelopes(struct stream *stream, struct event **events, size_t count)
{
    struct worker *worker = connection_of(stream)->worker;
    struct twins *twins = engine_twins(worker->engine);
    for (size_t i = 0; i < count; i++)
        if (!(events[i] = envelopes_get(&worker->envelopes, events[i], twins)))
            return i;
    return count;
}

/* Writes them as the reader wants them: *written of them, or fewer where there is no memory. */
static bool write_events(struct stream *stream, struct event **events, size_t count,
                         size_t *written)
{
    struct event *envelopes[BATCH_EVENTS];
    if (!stream->envelopes || count == 0)
        return connection_write(connection_of(stream), events, count, written);
    memcpy(envelopes, events, count * sizeof *events);
    size_t made = put_in_envelopes(stream, envelopes, count);
    if (made == 0) {
        out_of_memory(stream);
        return false;
    }
    bool open = connection_write(connection_of(stream), envelopes, made, written);
    for (size_t i = 0; i < made; i++)
        event_unref(envelopes[i]);
    return open;
}

static void count_replayed(struct stream *stream, struct event **events, size_t count)
{
    uint64_t replayed = 0;
    for (size_t i = 0; i < count; i++)
        replayed += events[i]->id <= stream->subscription.catch_up->replay_to;
    counter_add(&connection_of(stream)->worker->counters, METRIC_REPLAYED, replayed);
}

/* Writes what is pending and the next events. True if there may be more to write at once. */
static bool write_some(struct stream *stream)
{
    struct connection *connection = connection_of(stream);
    struct worker *worker = connection->worker;
    struct subscription *subscription = &stream->subscription;
    struct event *events[BATCH_EVENTS];
    size_t count = 0, written;
    enum next next;
    while ((next = subscription_next(subscription, events, BATCH_EVENTS, BATCH_BYTES, &count)) ==
           NEXT_GAP)
        if (!say_gap(stream))
            return false;
    if (next == NEXT_ASK && !ask(stream))
        return false;
    if (next == NEXT_STARVED) {
        out_of_memory(stream);
        return false;
    }
    if (next == NEXT_NOTHING && worker->ending && subscription->state == SUBSCRIPTION_LIVE) {
        say_farewell(stream);
        return false;
    }
    if (!write_events(stream, events, count, &written))
        return false;
    if (subscription->catch_up && subscription->cursor < subscription->catch_up->replay_to)
        count_replayed(stream, events, written);
    subscription_wrote(subscription, events, written);
    stream->deliveries += written;
    counter_add(&worker->counters, METRIC_DELIVERIES, written);
    if (connection->blocked) {
        subscription_pause(subscription);
        return false;
    }
    if (next == NEXT_ALL && written == count)
        return worker->ending; /* then it has something to say yet */
    return count > 0;
}

void stream_flush(struct stream *stream)
{
    struct connection *connection = connection_of(stream);
    size_t written;
    if (connection->state != CONNECTION_STREAM)
        return;
    if (connection->blocked) {
        if (stream->dismissed) /* it takes nothing, not even its end */
            connection_close(connection, CLOSE_DISMISSED);
        return;
    }
    if (!stream->open) { /* at most answers to what was asked before */
        connection_write(connection, NULL, 0, &written);
        return;
    }
    bool more = true;
    for (int batch = 0; more && batch < BATCHES_A_TURN; batch++)
        more = write_some(stream);
    if (stream->dismissed && connection->state == CONNECTION_STREAM) {
        if (connection->blocked)
            connection_close(connection, CLOSE_DISMISSED);
        else
            end(stream, CLOSE_DISMISSED);
    } else if (more) {
        connection_make_ready(connection);
    }
}

/* ---- silence ---- */

static void say_keepalive(struct stream *stream)
{
    struct connection *connection = connection_of(stream);
    struct buf text;
    size_t written;
    uint64_t id;
    buf_init(&text, TEXT_MAX);
    enum error error = sse_write_comment(&text, SPAN("keepalive"));
    if (!error && subscription_moved(&stream->subscription, &connection->worker->windows, &id))
        error = sse_write_position(&text, id);
    if (error) {
        buf_fini(&text);
        out_of_memory(stream);
    } else if (say(stream, &text)) {
        connection_write(connection, NULL, 0, &written);
    }
}

void stream_timeout(struct stream *stream)
{
    struct connection *connection = connection_of(stream);
    const struct settings *settings = connection->worker->settings;
    uint64_t quiet = connection_quiet_ms(connection);
    if (!stream->open) { /* the engine has not answered yet */
        connection_expire_in(connection, settings->keepalive);
        return;
    }
    if (connection->blocked) {
        if (!connection_moves(connection))
            connection_close(connection, CLOSE_STALLED);
        return;
    }
    connection_time(connection);
    if (quiet < settings->keepalive) {
        connection_expire_in(connection, settings->keepalive - quiet);
        return;
    }
    stream_flush(stream);
    if (connection->state == CONNECTION_STREAM && !connection->blocked)
        say_keepalive(stream);
    if (connection->state == CONNECTION_STREAM && !connection->blocked)
        connection_expire_in(connection, settings->keepalive);
}

/* ---- closing ---- */

static void log_closed(const struct stream *stream, enum close_reason reason)
{
    static const char *const names[] = {"left",    "stalled",   "vanished",
                                        "stopped", "dismissed", "no-memory"};
    const struct worker *worker = connection_of(stream)->worker;
    const struct subscription *subscription = &stream->subscription;
    char peer[ADDRESS_TEXT_MAX];
    peer_text(connection_of(stream)->io.fd, peer);
    log_line(
        LOG_INFO, "stream.closed",
        "reason=%s channel=%s channels=%d client=%s peer=%s position=%s events=%llu age_ms=%llu",
        names[reason], log_value(subscription_name(subscription)).text, subscription->link_count,
        log_value(subscription_client_id(subscription)).text, peer,
        id_text(subscription->cursor).text, (unsigned long long)stream->deliveries,
        (unsigned long long)(worker->now_ms - stream->opened_ms));
}

void stream_close(struct stream *stream, enum close_reason reason)
{
    struct worker *worker = connection_of(stream)->worker;
    if (stream->subscription.state == SUBSCRIPTION_CLOSED)
        return;
    const struct catch_up *catch_up = stream->subscription.catch_up;
    struct request *asked = catch_up ? catch_up->asked : NULL;
    if (asked)
        asked->context = NULL; /* the answer is for nobody */
    log_closed(stream, reason);
    subscription_close(&stream->subscription, &worker->windows);
    counter_subtract(&worker->counters, METRIC_SUBSCRIBERS, 1);
    if (stream->open) /* else it is not counted as opened either */
        counter_add(&worker->counters, METRIC_CLOSED_LEFT + (enum metric)reason, 1);
}
