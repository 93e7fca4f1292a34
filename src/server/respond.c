/* Whole answers: heads, problems, JSON. */
#include "server/respond.h"

#include "base/hash.h"
#include "http/response.h"
#include "server/cors.h"
#include "server/media.h"

#include <stdio.h>
#include <stdlib.h>

void respond(struct connection *connection, int status, const char *type, struct span body,
             struct span extra)
{
    struct worker *worker = connection->worker;
    struct exchange *exchange = connection->transit->exchange;
    struct buf *out = &connection->transit->out, lines;
    if (worker->stopping || !exchange || !http_body_done(&exchange->body))
        connection->keep_alive = false; /* what follows cannot be told from an unread body */
    buf_init(&lines, 4096 + worker->settings->max_head); /* an Origin is echoed */
    const char *stays =
        connection->old && connection->keep_alive ? "Connection: keep-alive\r\n" : "";
    enum error error = buf_printf(&lines, "%s%s%.*s", worker_date(worker), stays, (int)extra.n,
                                  extra.n ? extra.p : "");
    if (!error && exchange)
        error = cors_write(exchange, &lines);
    if (!error)
        error = http_write_head(out, status, type, (int64_t)body.n, !connection->keep_alive,
                                buf_span(&lines));
    bool head = exchange && span_equal(exchange->request.method, SPAN("HEAD"));
    if (!error && !head) /* a body would be read as the next answer */
        error = buf_append(out, body.p, body.n);
    buf_fini(&lines);
    if (error) {
        connection_close(connection, CLOSE_MEMORY);
        return;
    }
    counter_add(&worker->counters,
                status >= 500   ? METRIC_ANSWERS_5XX
                : status >= 400 ? METRIC_ANSWERS_4XX
                                : METRIC_ANSWERS_2XX,
                1);
    connection_answered(connection);
}

char *json_text(const json_t *body)
{
    size_t size = body ? json_dumpb(body, NULL, 0, JSON_COMPACT) : 0;
    char *text = size ? malloc(size + 1) : NULL;
    if (!text)
        return NULL;
    if (json_dumpb(body, text, size, JSON_COMPACT) != size) {
        free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

static void respond_dumped(struct connection *connection, int status, const char *type,
                           json_t *body, struct span extra)
{
    char *text = json_text(body);
    json_decref(body);
    if (text)
        respond(connection, status, type, span_from(text), extra);
    else
        connection_close(connection, CLOSE_MEMORY);
    free(text);
}

void respond_error_with(struct connection *connection, enum error error, const char *detail,
                        struct span extra)
{
    int status = error_status(error);
    json_t *problem =
        json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", http_reason(status),
                  "status", status, "detail", detail ? detail : error_text(error));
    respond_dumped(connection, status, "application/problem+json", problem, extra);
}

void respond_error(struct connection *connection, enum error error, const char *detail)
{
    bool later = error_status(error) == 503;
    respond_error_with(connection, error, detail, later ? SPAN("Retry-After: 1\r\n") : SPAN(""));
}

/* What an EventSource may be told without its stopping for good. */
static const char *busy_reason(enum error error)
{
    return error == ERROR_CHANNELS_FULL ? "channels"
           : error == ERROR_STOPPING    ? "stopping"
                                        : "memory";
}

enum { BUSY_RETRY_MS = 500 };

void respond_busy(struct connection *connection, enum error error)
{
    struct worker *worker = connection->worker;
    char body[160];
    uint32_t spread =
        (uint32_t)(worker->settings->retry < 3600000 ? worker->settings->retry : 3600000);
    connection->keep_alive = false;
    counter_add(&worker->counters, METRIC_BUSY, 1);
    if (!media_accepts(&connection->transit->exchange->request, SPAN("text/event-stream"))) {
        respond_error(connection, error, NULL);
        return;
    }
    snprintf(body, sizeof body, "retry: %u\n\nevent: freshet.busy\ndata: {\"reason\":\"%s\"}\n\n",
             BUSY_RETRY_MS + random_below(BUSY_RETRY_MS + spread), busy_reason(error));
    respond(connection, 200, "text/event-stream", span_from(body),
            SPAN("Cache-Control: no-cache, no-store, no-transform\r\n"));
}

void respond_empty(struct connection *connection)
{
    respond(connection, 204, NULL, SPAN(""), SPAN("Cache-Control: no-store\r\n"));
}

void respond_json(struct connection *connection, json_t *body)
{
    respond_dumped(connection, 200, "application/json", body, SPAN("Cache-Control: no-store\r\n"));
}
