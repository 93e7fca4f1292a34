/* Counting; no I/O. An event beyond a cursor passes over those between, which count as lost until
 * they come late after all. */
#include "bench/check.h"

#include "base/check.h"

#include <stdlib.h>

/* How far one stream has come in one channel. */
struct check_cursor {
    uint64_t seen; /* bit i: the event `next - 1 - i` has come */
    uint32_t next; /* the sequence after the greatest that has come */
};

void check_init(struct check *check, const struct layout *layout, struct tally *tally,
                uint64_t first, uint64_t streams)
{
    CHECK(layout->channels > 0 && layout->per_stream > 0 && layout->per_stream <= layout->channels);
    *check = (struct check){.layout = layout, .tally = tally, .first = first, .streams = streams};
    check->cursors = memory_new((streams * layout->per_stream + 1) * sizeof(struct check_cursor));
}

void check_fini(struct check *check)
{
    free(check->cursors);
    check->cursors = NULL;
}

/* The sequence is at or beyond the cursor's next. */
static void pass(struct tally *tally, struct check_cursor *cursor, uint32_t sequence)
{
    uint32_t skipped = sequence - cursor->next;
    cursor->seen = skipped < 63 ? cursor->seen << (skipped + 1) | 1 : 1;
    cursor->next = sequence + 1;
    tally->lost += skipped;
    tally->reached += (uint64_t)skipped + 1;
}

/* It is before: late, or here already. */
static bool is_late(struct tally *tally, struct check_cursor *cursor, uint32_t sequence)
{
    uint32_t back = cursor->next - 1 - sequence;
    if (back >= 64 || cursor->seen >> back & 1)
        return false;
    cursor->seen |= UINT64_C(1) << back;
    tally->lost--;
    return true;
}

void check_take(struct check *check, uint64_t stream, const struct reader_event *event,
                uint64_t now_ns)
{
    const struct layout *layout = check->layout;
    struct tally *tally = check->tally;
    struct payload_front front = event->front;
    tally->delivered++;
    tally->newest_ns = now_ns;
    tally->damaged += event->damaged;
    uint32_t first = layout_first_channel(layout, stream);
    uint32_t index = (front.channel + layout->channels - first) % layout->channels;
    if (front.channel >= layout->channels || index >= layout->per_stream ||
        front.sequence >= layout_published(layout, front.channel)) {
        tally->strayed++;
        return;
    }
    struct check_cursor *cursor =
        &check->cursors[(stream - check->first) * layout->per_stream + index];
    if (front.sequence >= cursor->next) {
        pass(tally, cursor, front.sequence);
        tally->disordered += !event->rising;
    } else if (is_late(tally, cursor, front.sequence)) {
        tally->disordered++;
    } else {
        tally->repeated++;
    }
    uint64_t since = front.sent_ns > check->since_ns ? front.sent_ns : check->since_ns;
    histogram_add(&tally->latency, now_ns > since ? now_ns - since : 0);
}

void check_finish(struct check *check, uint64_t events)
{
    struct layout layout = *check->layout;
    layout.events = events;
    for (uint64_t i = 0; i < check->streams; i++) {
        const struct check_cursor *cursors = &check->cursors[i * layout.per_stream];
        uint32_t first = layout_first_channel(&layout, check->first + i);
        for (uint32_t j = 0; j < layout.per_stream; j++) {
            uint64_t published = layout_published(&layout, (first + j) % layout.channels);
            if (published > cursors[j].next)
                check->tally->lost += published - cursors[j].next;
        }
    }
}
