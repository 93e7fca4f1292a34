/* DELETE /clients/{client_id}: a client is sent away. */
#include "base/units.h"
#include "server/names.h"
#include "server/respond.h"
#include "server/routes.h"

enum { FOR_MAX_MS = 86400000 };

/* ?for=: how long it is kept away; 0 without it. */
static enum error read_for(const struct exchange *exchange, uint64_t *ms)
{
    struct buf value;
    bool found;
    *ms = 0;
    buf_init(&value, 32);
    enum error error = route_parameter(exchange, SPAN("for"), &value, &found);
    if (error == ERROR_TOO_LARGE ||
        (!error && found && (duration_parse(buf_span(&value), ms) || *ms < 1 || *ms > FOR_MAX_MS)))
        error = ERROR_FOR;
    buf_fini(&value);
    return error;
}

void handle_dismiss(struct exchange *exchange)
{
    struct buf name;
    uint64_t ms;
    buf_init(&name, exchange->connection->worker->settings->max_head);
    enum error error = route_client(exchange, &name);
    if (!error)
        error = read_for(exchange, &ms);
    if (!error)
        error = post_entry(exchange, ENTRY_DISMISS, buf_span(&name), ms);
    buf_fini(&name);
    if (error)
        respond_error(exchange->connection, error, NULL);
}

/* ---- entries that are no events ---- */

enum error post_entry(struct exchange *exchange, enum entry_kind kind, struct span name,
                      uint64_t value)
{
    struct worker *worker = exchange->connection->worker;
    if (worker->quiet)
        return ERROR_STOPPING;
    struct request *request = request_new(REQUEST_PUBLISH, worker->number, SPAN(""));
    struct event *entry = request ? entry_new(kind, name, value) : NULL;
    if (!entry) {
        if (request)
            request_free(request);
        return ERROR_NO_MEMORY;
    }
    request->line.entry = entry;
    request->context = exchange;
    exchange->asked = request;
    worker_post(worker, request);
    return OK;
}

void entry_answer(struct exchange *exchange, const struct request *request)
{
    exchange->asked = NULL;
    if (request->error)
        respond_error(exchange->connection, request->error, NULL);
    else
        respond_empty(exchange->connection);
}
