/* The notice of a gap, as the reader gets it: freshet.gap with its bounds, reason and channels. */
#include "base/check.h"
#include "base/id.h"
#include "server/connection.h"
#include "server/respond.h"
#include "server/stream.h"
#include "sse/write.h"

#include <stdlib.h>

static json_t *json_id(uint64_t id)
{
    return json_string(id_text(id).text);
}

static json_t *gap_names(const struct selection *selection, const struct gap *gap)
{
    json_t *names = json_array();
    for (size_t i = 0; i < selection->count; i++) {
        if (!(gap->names[i / 8] & 1 << i % 8))
            continue;
        struct span name = selection_name(selection, i);
        char text[260];
        size_t n = name.n;
        CHECK(n + 1 < sizeof text);
        memcpy(text, name.p, n);
        if (selection->names[i].prefix)
            text[n++] = '*';
        if (json_array_append_new(names, json_stringn(text, n)) != 0) {
            json_decref(names);
            return NULL;
        }
    }
    return names;
}

/* Writes the notice of the first gap, and that one is told. */
enum error stream_write_gap(struct stream *stream, struct buf *text)
{
    static const enum metric metrics[GAP_REASONS] = {
        [GAP_TRIMMED] = METRIC_GAPS_TRIMMED,
        [GAP_SLOW] = METRIC_GAPS_SLOW,
        [GAP_UNKNOWN] = METRIC_GAPS_UNKNOWN,
    };
    struct subscription *subscription = &stream->subscription;
    const struct gap *gap = subscription_gap(subscription);
    json_t *after = gap->reason == GAP_UNKNOWN ? json_null() : json_id(gap->after);
    json_t *notice = json_pack("{s:o, s:o, s:s, s:o}", "after", after, "until", json_id(gap->until),
                               "reason", gap_reason_name(gap->reason), "channels",
                               gap_names(subscription->catch_up->selection, gap));
    char *line = json_text(notice);
    json_decref(notice);
    if (!line)
        return ERROR_NO_MEMORY;
    enum error error = sse_write_event(text, SPAN("freshet.gap"), span_from(line));
    free(line);
    counter_add(&connection_of(stream)->worker->counters, metrics[gap->reason], 1);
    subscription_told(subscription);
    return error;
}
