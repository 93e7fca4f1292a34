/* Buffers here are bounded by the command line; where one does not fit, that is a bug. */
#include "bench/requests.h"

#include "bench/template.h"

#include "base/check.h"

enum { NAME_MAX_BYTES = 1 << 20 };

static struct template_values values_of(const struct plan *plan, uint32_t channel, struct buf *name)
{
    struct template_values values = {.number = channel};
    if (plan->token)
        values.token = span_from(plan->token);
    buf_init(name, NAME_MAX_BYTES);
    CHECK(template_write(name, plan->channel, &values, TEMPLATE_PLAIN) == OK);
    values.channel = buf_span(name);
    return values;
}

static void write_headers(struct buf *out, const struct option_texts *headers,
                          const struct template_values *values)
{
    for (size_t i = 0; i < headers->count; i++) {
        CHECK(template_write(out, headers->texts[i], values, TEMPLATE_PLAIN) == OK);
        CHECK(buf_append(out, "\r\n", 2) == OK);
    }
}

void request_subscribe(struct buf *out, const struct plan *plan, uint32_t first, const char *id)
{
    struct buf name;
    struct template_values values = values_of(plan, first, &name);
    CHECK(buf_printf(out, "GET %s", plan->prefix) == OK);
    CHECK(template_write(out, plan->subscribe_path, &values, TEMPLATE_URL) == OK);
    for (uint32_t i = 1; i < plan->per_stream; i++) {
        struct buf other;
        struct template_values more = values_of(plan, (first + i) % plan->layout.channels, &other);
        CHECK(template_write(out, plan->subscribe_more, &more, TEMPLATE_URL) == OK);
        buf_fini(&other);
    }
    CHECK(buf_printf(out, " HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n",
                     plan->target.authority) == OK);
    write_headers(out, &plan->subscribe_headers, &values);
    if (id)
        CHECK(buf_printf(out, "Last-Event-ID: %s\r\n", id) == OK);
    CHECK(buf_append(out, "\r\n", 2) == OK);
    buf_fini(&name);
}

void request_add_event(struct buf *body, const struct plan *plan, uint32_t channel,
                       const struct payload *payload)
{
    struct buf name;
    struct template_values values = values_of(plan, channel, &name);
    bool form = strncasecmp(plan->publish_type, "application/x-www-form-urlencoded", 33) == 0;
    values.data = payload_span(payload);
    CHECK(template_write(body, plan->publish_body, &values,
                         form ? TEMPLATE_FORM : TEMPLATE_PLAIN) == OK);
    if (plan->batch > 1)
        CHECK(buf_append(body, "\n", 1) == OK);
    buf_fini(&name);
}

void request_publish(struct buf *out, const struct plan *plan, uint32_t channel,
                     const struct buf *body)
{
    struct buf name;
    struct template_values values = values_of(plan, channel, &name);
    CHECK(buf_printf(out, "%s %s", plan->publish_method, plan->publish_prefix) == OK);
    CHECK(template_write(out, plan->publish_path, &values, TEMPLATE_URL) == OK);
    CHECK(buf_printf(out, " HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n",
                     plan->publish_target.authority, plan->publish_type, body->len) == OK);
    write_headers(out, &plan->publish_headers, &values);
    CHECK(buf_append(out, "\r\n", 2) == OK);
    CHECK(buf_append(out, buf_span(body).p, body->len) == OK);
    buf_fini(&name);
}
