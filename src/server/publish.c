/* POST /publish[/{channel}] and POST /clients/{client_id}: a body becomes an event. */
#include "base/id.h"
#include "base/utf8.h"
#include "engine/frame.h"
#include "server/names.h"
#include "server/respond.h"
#include "server/routes.h"
#include "json/scan.h"

#include <jansson.h>
#include <stdio.h>

/* ---- what the body is ---- */

static struct span trim(struct span text)
{
    while (text.n && strchr(" \t", text.p[0]))
        text = (struct span){text.p + 1, text.n - 1};
    while (text.n && strchr(" \t", text.p[text.n - 1]))
        text.n--;
    return text;
}

static enum error check_type(const struct http_request *request, bool *json)
{
    const struct span *header = http_header_find(request, SPAN("Content-Type"));
    const struct span *encoding = http_header_find(request, SPAN("Content-Encoding"));
    *json = false;
    if (encoding && !span_equal_nocase(*encoding, SPAN("identity")))
        return ERROR_CONTENT_ENCODING;
    if (!header)
        return OK;
    struct span rest = *header, type = trim(span_cut(&rest, ';'));
    while (rest.n) {
        struct span value = span_cut(&rest, ';'), name = trim(span_cut(&value, '='));
        value = trim(value);
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
            value = (struct span){value.p + 1, value.n - 2};
        if (span_equal_nocase(name, SPAN("charset")) && !span_equal_nocase(value, SPAN("utf-8")) &&
            !span_equal_nocase(value, SPAN("utf8")))
            return ERROR_CHARSET;
    }
    if (type.n >= 10 && span_equal_nocase((struct span){type.p, 10}, SPAN("multipart/")))
        return ERROR_MULTIPART;
    if (span_equal_nocase(type, SPAN("application/x-ndjson")))
        return ERROR_NDJSON;
    *json = span_equal_nocase(type, SPAN("application/json"));
    return OK;
}

/* ---- from body to event ---- */

/* What a publish is made of, while it is put together. */
struct draft {
    struct buf channel, type;
    bool json;
    size_t at; /* where broken JSON breaks */
};

static enum error read_content(struct exchange *exchange, struct draft *draft)
{
    struct buf *content = &exchange->content, named;
    enum error error = check_type(&exchange->request, &draft->json);
    if (error)
        return error;
    if (!draft->json)
        return utf8_valid(buf_span(content)) ? OK : ERROR_UTF8;
    bool found = false, typed = draft->type.len > 0;
    buf_init(&named, BODY_MAX);
    error =
        json_cut_string(content->data, &content->len, SPAN("_event"), &named, &found, &draft->at);
    if (!error && found && !typed) {
        error = event_type_check(buf_span(&named));
        if (!error)
            error = buf_append(&draft->type, named.data, named.len);
    }
    buf_fini(&named);
    return error;
}

static enum error read_type(struct exchange *exchange, struct draft *draft)
{
    bool found;
    enum error error = route_parameter(exchange, SPAN("event"), &draft->type, &found);
    return error ? error : found ? event_type_check(buf_span(&draft->type)) : OK;
}

static enum error post(struct exchange *exchange, struct draft *draft)
{
    struct worker *worker = exchange->connection->worker;
    if (worker->quiet)
        return ERROR_STOPPING;
    struct request *request = request_new(REQUEST_PUBLISH, worker->number, SPAN(""));
    if (!request)
        return ERROR_NO_MEMORY;
    request->event = frame_new(buf_span(&draft->channel), buf_span(&draft->type),
                               buf_span(&exchange->content), draft->json);
    if (!request->event) {
        request_free(request);
        return ERROR_NO_MEMORY;
    }
    buf_fini(&exchange->content);
    request->context = exchange;
    exchange->asked = request;
    worker_post(worker, request);
    return OK;
}

static void publish(struct exchange *exchange,
                    enum error (*read_channel)(struct exchange *, struct buf *))
{
    struct draft draft = {0};
    char detail[160];
    buf_init(&draft.channel, HEAD_MAX);
    buf_init(&draft.type, HEAD_MAX);
    enum error error = read_channel(exchange, &draft.channel);
    if (!error)
        error = read_type(exchange, &draft);
    if (!error)
        error = read_content(exchange, &draft);
    if (!error)
        error = post(exchange, &draft);
    buf_fini(&draft.channel);
    buf_fini(&draft.type);
    if (!error)
        return;
    bool in_json = error == ERROR_JSON_SYNTAX || error == ERROR_JSON_DEPTH;
    snprintf(detail, sizeof detail, "%s (at byte %zu)", error_text(error), draft.at);
    respond_error(exchange->connection, error, in_json ? detail : NULL);
}

static enum error read_channel(struct exchange *exchange, struct buf *channel)
{
    bool found = exchange->route->named;
    enum error error = found ? route_name(exchange, channel)
                             : route_parameter(exchange, SPAN("channel"), channel, &found);
    if (!error && !found)
        error = buf_append(channel, "broadcast", 9);
    return error ? error : channel_check(buf_span(channel));
}

static enum error read_client(struct exchange *exchange, struct buf *channel)
{
    enum error error = buf_append(channel, "@", 1);
    if (!error)
        error = route_name(exchange, channel);
    if (error)
        return error;
    return client_id_check((struct span){channel->data + 1, channel->len - 1});
}

void handle_publish(struct exchange *exchange)
{
    publish(exchange, read_channel);
}

void handle_publish_client(struct exchange *exchange)
{
    publish(exchange, read_client);
}

/* ---- the answer ---- */

void publish_answer(struct exchange *exchange, const struct request *request)
{
    struct connection *connection = exchange->connection;
    exchange->asked = NULL;
    if (request->error) {
        respond_error(connection, request->error, NULL);
        return;
    }
    struct span channel = event_channel(request->event);
    bool client = channel.p[0] == '@';
    respond_json(connection,
                 json_pack("{s:s, s:s, s:s%}", "status", "published", "id",
                           id_text(request->event->id).text, client ? "client_id" : "channel",
                           channel.p + client, channel.n - client));
}
