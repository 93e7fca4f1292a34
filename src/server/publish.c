/* Publishing over HTTP: a body becomes an event, or several. */
#include "server/publish.h"

#include "base/id.h"
#include "base/utf8.h"
#include "engine/frame.h"
#include "server/names.h"
#include "server/respond.h"
#include "server/routes.h"
#include "json/scan.h"
#include "json/write.h"

#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_MAX = 4096 /* the longest name, all of it escaped, has room */ };

void draft_free(struct draft *draft)
{
    if (!draft)
        return;
    buf_fini(&draft->channel);
    buf_fini(&draft->type);
    ndjson_fini(&draft->batch);
    free(draft);
}

/* ---- what the head says ---- */

static enum error read_type(struct exchange *exchange, struct draft *draft)
{
    bool found;
    enum error error = route_parameter(exchange, SPAN("event"), &draft->type, &found);
    return error ? error : found ? event_type_check(buf_span(&draft->type)) : OK;
}

static enum error read_key(const struct exchange *exchange, struct draft *draft)
{
    const struct http_request *request = &exchange->request;
    const struct span *key = http_header_find(request, SPAN("Idempotency-Key"));
    if (!key)
        return OK;
    if (draft->media == MEDIA_NDJSON)
        return ERROR_KEY_IN_BATCH;
    if (http_header_count(request, SPAN("Idempotency-Key")) > 1 || key_check(*key))
        return ERROR_KEY_SYNTAX;
    draft->keyed = true;
    draft->key = key_name(buf_span(&draft->channel), *key);
    return OK;
}

static enum error begin(struct exchange *exchange,
                        enum error (*read_channel)(const struct exchange *, struct buf *))
{
    size_t max = exchange->connection->worker->settings->max_head;
    struct draft *draft = exchange->draft = calloc(1, sizeof *draft);
    if (!draft)
        return ERROR_NO_MEMORY;
    buf_init(&draft->channel, max);
    buf_init(&draft->type, max);
    enum error error = read_channel(exchange, &draft->channel);
    if (!error)
        error = read_type(exchange, draft);
    if (!error)
        error = media_read(&exchange->request, &draft->media);
    if (!error)
        error = read_key(exchange, draft);
    if (draft->media == MEDIA_NDJSON)
        exchange->content.max = NDJSON_BYTES_MAX;
    return error;
}

static enum error read_channel(const struct exchange *exchange, struct buf *channel)
{
    bool found;
    enum error error = route_channel(exchange, channel, &found);
    if (!error && !found)
        error = buf_append(channel, "broadcast", 9);
    return error ? error : channel_check(buf_span(channel));
}

enum error publish_begin(struct exchange *exchange)
{
    return begin(exchange, read_channel);
}

enum error publish_client_begin(struct exchange *exchange)
{
    return begin(exchange, route_client);
}

/* ---- what the body says ---- */

static void refuse(struct exchange *exchange, enum error error)
{
    char detail[320];
    const struct draft *draft = exchange->draft;
    const struct ndjson *batch = &draft->batch;
    bool in_json = error == ERROR_JSON_SYNTAX || error == ERROR_JSON_DEPTH;
    const char *text = error_text(error);
    if (draft->media == MEDIA_NDJSON && in_json)
        snprintf(detail, sizeof detail, "line %u: %s (at byte %zu of the line)", batch->number,
                 text, batch->at);
    else if (draft->media == MEDIA_NDJSON && batch->number)
        snprintf(detail, sizeof detail, "line %u: %s", batch->number, text);
    else if (in_json)
        snprintf(detail, sizeof detail, "%s (at byte %zu)", text, draft->at);
    else
        snprintf(detail, sizeof detail, "%s", text);
    respond_error(exchange->connection, error, detail);
}

static enum error read_json(struct exchange *exchange, struct draft *draft)
{
    struct buf *content = &exchange->content, named;
    bool found = false, typed = draft->type.len > 0;
    buf_init(&named, content->max);
    enum error error =
        json_cut_string(content->data, &content->len, SPAN("_event"), &named, &found, &draft->at);
    if (!error && found && !typed) {
        error = event_type_check(buf_span(&named));
        if (!error)
            error = buf_append(&draft->type, named.data, named.len);
    }
    buf_fini(&named);
    return error;
}

/* Takes over request, whose lines are there, and has the exchange wait for its answer. */
static void post(struct exchange *exchange, struct request *request)
{
    struct worker *worker = exchange->connection->worker;
    exchange->held = request_bytes(request);
    request->context = exchange;
    exchange->asked = request;
    exchange->connection->state = CONNECTION_WAITING;
    buf_fini(&exchange->content);
    worker_post(worker, request);
}

static enum error publish_one(struct exchange *exchange)
{
    struct draft *draft = exchange->draft;
    struct request *request =
        request_new(REQUEST_PUBLISH, exchange->connection->worker->number, SPAN(""));
    if (!request)
        return ERROR_NO_MEMORY;
    struct line *line = &request->line;
    struct span type = buf_span(&draft->type), data = buf_span(&exchange->content);
    bool json = draft->media == MEDIA_JSON;
    line->entry = frame_new(buf_span(&draft->channel), type, data, json);
    if (!line->entry) {
        request_free(request);
        return ERROR_NO_MEMORY;
    }
    line->keyed = draft->keyed;
    line->key = draft->key;
    line->body = draft->keyed ? key_body(type, data, json) : 0;
    post(exchange, request);
    return OK;
}

static enum error publish_batch(struct exchange *exchange)
{
    struct ndjson *batch = &exchange->draft->batch;
    struct request *request =
        request_new(REQUEST_PUBLISH, exchange->connection->worker->number, SPAN(""));
    if (!request)
        return ERROR_NO_MEMORY;
    request->lines = batch->lines;
    request->line_count = batch->count;
    batch->lines = NULL;
    batch->count = batch->room = 0;
    post(exchange, request);
    return OK;
}

static void begin_batch(struct exchange *exchange)
{
    struct draft *draft = exchange->draft;
    draft->batch = (struct ndjson){
        .rest = buf_span(&exchange->content),
        .channel = buf_span(&draft->channel),
        .type = buf_span(&draft->type),
        .fixed = draft->channel.data[0] == '@',
        .max_event = exchange->connection->worker->settings->max_event,
    };
    exchange->connection->state = CONNECTION_WORKING;
}

bool publish_work(struct exchange *exchange)
{
    bool done;
    struct ndjson *batch = &exchange->draft->batch;
    enum error error = ndjson_read(batch, &done);
    exchange->held = batch->bytes;
    if (error == ERROR_NDJSON_EMPTY)
        batch->number = 0;
    if (!error && done)
        error = exchange->connection->worker->quiet ? ERROR_STOPPING : publish_batch(exchange);
    if (error)
        refuse(exchange, error);
    return error || !done;
}

void handle_publish(struct exchange *exchange)
{
    struct draft *draft = exchange->draft;
    enum error error = exchange->connection->worker->quiet ? ERROR_STOPPING : OK;
    if (!error && draft->media == MEDIA_NDJSON) {
        begin_batch(exchange);
        return;
    }
    if (!error && draft->media == MEDIA_JSON)
        error = read_json(exchange, draft);
    else if (!error && !utf8_valid(buf_span(&exchange->content)))
        error = ERROR_UTF8;
    if (!error)
        error = publish_one(exchange);
    if (error)
        refuse(exchange, error);
}

/* ---- the answer ---- */

/* By hand, since there is one for each publish: jansson took a third of what it costs. */
static enum error write_answer(const struct exchange *exchange, const struct request *request,
                               struct buf *out)
{
    const struct line *last = &request->lines[request->line_count - 1];
    struct id_text id = id_text(last->id);
    struct span channel = event_channel(last->entry);
    bool client = channel.p[0] == '@';
    if (exchange->draft->media == MEDIA_NDJSON)
        return buf_printf(out, "{\"status\":\"published\",\"count\":%u,\"last_id\":\"%s\"}",
                          request->line_count, id.text);
    channel = (struct span){channel.p + client, channel.n - client};
    enum error error = buf_printf(out, "{\"status\":\"published\",\"id\":\"%s\",\"%s\":", id.text,
                                  client ? "client_id" : "channel");
    if (!error)
        error = json_write_string(channel, out);
    return error ? error : buf_append(out, "}", 1);
}

void publish_answer(struct exchange *exchange, const struct request *request)
{
    struct connection *connection = exchange->connection;
    struct buf answer;
    exchange->asked = NULL;
    if (request->error) {
        respond_error(connection, request->error, NULL);
        return;
    }
    buf_init(&answer, ANSWER_MAX);
    if (write_answer(exchange, request, &answer))
        connection_close(connection, CLOSE_MEMORY);
    else
        respond(connection, 200, "application/json", buf_span(&answer),
                SPAN("Cache-Control: no-store\r\n"));
    buf_fini(&answer);
}
