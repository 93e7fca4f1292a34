/* Entries of the log that are no events: published by one request, answered 204. */
#include "server/respond.h"
#include "server/routes.h"

enum error entry_post(struct exchange *exchange, enum entry_kind kind, struct span name,
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
