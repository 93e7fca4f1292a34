/* GET /events[/{channel}]: what is asked for becomes a selection and a start; a stream opens. */
#include "base/hash.h"
#include "http/url.h"
#include "server/names.h"
#include "server/position.h"
#include "server/respond.h"
#include "server/routes.h"
#include "server/stream.h"

#include <stdio.h>

/* The names asked for, decoded one after another into one buffer. */
struct names {
    struct buf bytes;
    size_t count;
    struct {
        size_t offset, length;
    } at[SELECTION_MAX];
};

static struct span name_at(const struct names *names, size_t i)
{
    return (struct span){names->bytes.data + names->at[i].offset, names->at[i].length};
}

/* Counts what was appended from offset on as one more name, unless it is there already. */
static enum error add_name(struct names *names, size_t offset)
{
    if (names->bytes.len == offset)
        return ERROR_CHANNEL_NAME; /* and perhaps there are no bytes at all */
    struct span name = {names->bytes.data + offset, names->bytes.len - offset};
    enum error error = channel_or_prefix_check(name);
    if (error)
        return error;
    for (size_t i = 0; i < names->count; i++)
        if (span_equal(name_at(names, i), name))
            return OK;
    if (names->count == SELECTION_MAX)
        return ERROR_CHANNELS_MANY;
    names->at[names->count].offset = offset;
    names->at[names->count++].length = name.n;
    return OK;
}

static enum error read_names(const struct exchange *exchange, struct names *names)
{
    enum error error = OK;
    if (exchange->route->naming == NAME_IN_PATH) {
        bool found;
        error = route_channel(exchange, &names->bytes, &found);
        if (!error)
            error = add_name(names, 0);
    }
    struct span query = exchange->request.query, value;
    while (!error && route_next_parameter(&query, SPAN("channel"), &value)) {
        size_t offset = names->bytes.len;
        error = url_decode_query(value, &names->bytes);
        if (!error)
            error = add_name(names, offset);
    }
    if (!error && names->count == 0) {
        error = buf_append(&names->bytes, "broadcast", 9);
        if (!error)
            error = add_name(names, names->bytes.len - 9);
    }
    return error;
}

/* ---- where it starts ---- */

/* Appends the value of that parameter, if there is one. A value that cannot be decoded is a
 * position too: one that is unknown. */
static enum error read_value(const struct exchange *exchange, struct span name, struct buf *value)
{
    bool found;
    value->len = 0;
    enum error error = route_parameter(exchange, name, value, &found);
    return found && error == ERROR_URL_ESCAPE ? buf_append(value, "%", 1) : error;
}

/* The header wins over the parameters, and both over `from`. An empty one is none. */
static enum error read_start(const struct exchange *exchange, struct start *start)
{
    static const struct span parameters[] = {
        {"last_event_id", 13}, {"lastEventId", 11}, {"lastEventID", 11}};
    const struct span *header = http_header_find(&exchange->request, SPAN("Last-Event-ID"));
    struct buf value;
    enum error error = OK;
    *start = (struct start){0};
    buf_init(&value, exchange->connection->worker->settings->max_head);
    if (header && header->n)
        position_read(*header, start);
    for (size_t i = 0; i < 3 && !error && start->position_kind == START_NONE; i++) {
        error = read_value(exchange, parameters[i], &value);
        if (!error && value.len)
            position_read(buf_span(&value), start);
    }
    if (!error)
        error = read_value(exchange, SPAN("from"), &value);
    if (!error && value.len)
        from_read(buf_span(&value), start);
    buf_fini(&value);
    return error;
}

/* ---- who asks ---- */

enum { MADE_ID_BYTES = 12 };

static enum error read_client_id(const struct exchange *exchange, struct buf *client_id,
                                 bool *given)
{
    enum error error = route_parameter(exchange, SPAN("client_id"), client_id, given);
    if (error || *given)
        return error ? error : client_id_check(buf_span(client_id));
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[MADE_ID_BYTES];
    char text[2 * MADE_ID_BYTES];
    random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return buf_append(client_id, text, sizeof text);
}

/* What would change the meaning of the answer must not be overlooked. */
static const char *find_unserved(const struct exchange *exchange)
{
    struct span query = exchange->request.query, value;
    return route_next_parameter(&query, SPAN("wait"), &value) ? "wait" : NULL;
}

/* 1, or 0 as if it were not there. */
static enum error read_flag(const struct exchange *exchange, struct span name, bool *flag)
{
    struct buf value;
    bool found;
    buf_init(&value, 16);
    enum error error = route_parameter(exchange, name, &value, &found);
    struct span text = buf_span(&value);
    *flag = found && span_equal(text, SPAN("1"));
    if (error == ERROR_TOO_LARGE || (!error && found && !*flag && !span_equal(text, SPAN("0"))))
        error = ERROR_FLAG;
    buf_fini(&value);
    return error;
}

static enum error read_options(const struct exchange *exchange, struct stream_options *options)
{
    enum error error = read_flag(exchange, SPAN("open"), &options->greets);
    return error ? error : read_flag(exchange, SPAN("envelope"), &options->envelopes);
}

void handle_subscribe(struct exchange *exchange)
{
    struct connection *connection = exchange->connection;
    struct names names = {.count = 0};
    struct span spans[SELECTION_MAX];
    struct buf client_id;
    struct start start;
    bool given = false;
    struct selection *selection = NULL;
    struct stream_options options;
    size_t max = connection->worker->settings->max_head;
    buf_init(&names.bytes, max + 9); /* or broadcast */
    buf_init(&client_id, max);
    char detail[96] = "";
    const char *unserved = find_unserved(exchange);
    enum error error = unserved ? ERROR_NOT_SERVED : read_names(exchange, &names);
    if (!error)
        error = read_start(exchange, &start);
    if (!error)
        error = read_client_id(exchange, &client_id, &given);
    if (!error)
        error = read_options(exchange, &options);
    bool head = span_equal(exchange->request.method, SPAN("HEAD"));
    if (!error) {
        for (size_t i = 0; i < names.count; i++)
            spans[i] = name_at(&names, i);
        selection = selection_new(spans, names.count, buf_span(&client_id), given);
        if (!selection || (!head && !stream_open(exchange, selection, &start, options)))
            error = ERROR_NO_MEMORY;
        else if (head)
            stream_respond_head(exchange, selection);
    }
    if (selection)
        selection_unref(selection);
    buf_fini(&names.bytes);
    buf_fini(&client_id);
    if (unserved)
        snprintf(detail, sizeof detail, "%s: %s", unserved, error_text(ERROR_NOT_SERVED));
    if (error == ERROR_NO_MEMORY)
        respond_busy(connection, error);
    else if (error)
        respond_error(connection, error, *detail ? detail : NULL);
}
