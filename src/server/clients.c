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
        error = entry_post(exchange, ENTRY_DISMISS, buf_span(&name), ms);
    buf_fini(&name);
    if (error)
        respond_error(exchange->connection, error, NULL);
}
