/* GET /health and GET /metrics: how the hub is. */
#include "base/clock.h"
#include "server/respond.h"
#include "server/routes.h"
#include "server/server.h"

#include <jansson.h>

void handle_health(struct exchange *exchange)
{
    respond_json(exchange->connection, json_pack("{s:s}", "status", "ok"));
}

struct row {
    const char *name, *labels, *help, *kind;
};

#define GAUGE   "gauge"
#define COUNTER "counter"

static const struct row rows[METRIC_COUNT] = {
#define METRIC(id, kind, name, labels, help) [METRIC_##id] = {name, labels, help, kind},
#include "server/metrics.def"
#undef METRIC
};

static enum error write_counters(const struct server *server, struct buf *out)
{
    enum error error = OK;
    for (int i = 0; i < METRIC_COUNT && !error; i++) {
        const struct row *row = &rows[i];
        if (*row->help)
            error = buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
                               row->kind);
        if (!error)
            error = buf_printf(out, *row->labels ? "%s{%s} %llu\n" : "%s%s %llu\n", row->name,
                               row->labels, (unsigned long long)server_sum(server, (enum metric)i));
    }
    return error;
}

static enum error write_gauge(struct buf *out, const char *name, const char *help, uint64_t value)
{
    return buf_printf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %llu\n", name, help, name, name,
                      (unsigned long long)value);
}

void handle_metrics(struct exchange *exchange)
{
    struct worker *worker = exchange->connection->worker;
    const struct engine_figures *figures = engine_figures(worker->engine);
    struct buf out;
    buf_init(&out, 64 << 10);
    enum error error = write_counters(worker->server, &out);
    if (!error)
        error = write_gauge(&out, "freshet_history_bytes", "Memory held by the history.",
                            atomic_load_explicit(&figures->bytes, memory_order_relaxed));
    if (!error)
        error = write_gauge(&out, "freshet_channels", "Channels that the hub knows.",
                            atomic_load_explicit(&figures->channels, memory_order_relaxed));
    if (!error)
        error = write_gauge(&out, "freshet_idempotency_keys",
                            "Keys remembered, of the last ten minutes.",
                            atomic_load_explicit(&figures->keys, memory_order_relaxed));
    if (!error)
        error = write_gauge(
            &out, "freshet_envelope_bytes", "Memory held by envelopes.",
            atomic_load_explicit(&engine_twins(worker->engine)->bytes, memory_order_relaxed));
    if (!error)
        error =
            buf_printf(&out,
                       "# HELP freshet_info The version and the engine.\n"
                       "# TYPE freshet_info gauge\nfreshet_info{version=\"%s\",engine=\"%s\"} 1\n",
                       FRESHET_VERSION, engine_name(worker->engine));
    if (error)
        respond_error(exchange->connection, error, NULL);
    else
        respond(exchange->connection, 200, "text/plain; version=0.0.4; charset=utf-8",
                buf_span(&out), SPAN("Cache-Control: no-store\r\n"));
    buf_fini(&out);
}
