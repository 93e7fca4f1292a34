/* Counting; no I/O. */
#include "check.h"

#include "base/check.h"

#include <stdlib.h>

void check_init(struct check *check)
{
    CHECK(check->channels > 0 && check->per_stream > 0 && check->per_stream <= check->channels);
    check->cursors =
        memory_new((check->streams * check->per_stream + 1) * sizeof(struct check_cursor));
}

void check_fini(struct check *check)
{
    free(check->cursors);
    check->cursors = NULL;
}

uint32_t check_first_channel(const struct check *check, size_t stream)
{
    return (uint32_t)((uint64_t)stream * check->stride % check->channels);
}

static uint64_t published(const struct check *check, uint32_t channel)
{
    return check->events / check->channels + (channel < check->events % check->channels);
}

uint64_t check_expected(const struct check *check)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < check->streams; i++)
        for (uint32_t j = 0; j < check->per_stream; j++)
            sum += published(check, (check_first_channel(check, i) + j) % check->channels);
    return sum;
}

/* The sequence is at or beyond the cursor's next. */
static void pass(struct check *check, struct check_cursor *cursor, uint32_t sequence)
{
    uint32_t skipped = sequence - cursor->next;
    cursor->seen = skipped < 63 ? cursor->seen << (skipped + 1) | 1 : 1;
    cursor->next = sequence + 1;
    check->lost += skipped;
    check->reached += skipped + 1;
}

/* It is before: late, or here already. */
static bool is_late(struct check *check, struct check_cursor *cursor, uint32_t sequence)
{
    uint32_t back = cursor->next - 1 - sequence;
    if (back >= 64 || cursor->seen >> back & 1)
        return false;
    cursor->seen |= UINT64_C(1) << back;
    check->lost--;
    return true;
}

void check_take(struct check *check, size_t stream, const struct stream_event *event,
                uint64_t now_ns)
{
    struct payload_front front = event->front;
    check->delivered++;
    check->newest_ns = now_ns;
    check->damaged += event->damaged;
    uint32_t first = check_first_channel(check, stream);
    uint32_t index = (front.channel + check->channels - first) % check->channels;
    if (front.channel >= check->channels || index >= check->per_stream ||
        front.sequence >= published(check, front.channel)) {
        check->strayed++;
        return;
    }
    struct check_cursor *cursor = &check->cursors[stream * check->per_stream + index];
    if (front.sequence >= cursor->next) {
        pass(check, cursor, front.sequence);
        check->disordered += !event->rising;
    } else if (is_late(check, cursor, front.sequence)) {
        check->disordered++;
    } else {
        check->repeated++;
    }
    uint64_t since = front.sent_ns > check->since_ns ? front.sent_ns : check->since_ns;
    histogram_add(&check->latency, now_ns > since ? now_ns - since : 0);
}

void check_finish(struct check *check)
{
    check->lost += check_expected(check) - check->reached;
}

bool check_clean(const struct check *check)
{
    return !check->lost && !check->repeated && !check->disordered && !check->damaged &&
           !check->strayed;
}
