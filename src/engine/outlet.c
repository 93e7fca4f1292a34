/* Gathering and sending. */
#include "engine/outlet.h"

#include "base/check.h"
#include "base/clock.h"

#include <stdlib.h>

void outlet_flush(struct outlet *outlet)
{
    if (!outlet->filling)
        return;
    mailbox_put(outlet->mailbox, &outlet->filling->mail);
    outlet->filling = NULL;
}

static struct entries *new_entries(struct tail *tail)
{
    for (;;) {
        struct entries *entries = calloc(1, sizeof *entries);
        if (entries || !tail_make_room(tail, clock_wall_ms()))
            return entries ? entries : memory_new(sizeof *entries);
    }
}

void outlet_add(struct outlet *outlet, struct event *event, struct tail *tail)
{
    if (outlet->filling && outlet->filling->count == ENTRIES_MAX)
        outlet_flush(outlet);
    if (!outlet->filling) {
        outlet->filling = new_entries(tail);
        outlet->filling->mail.kind = ENGINE_ENTRIES;
    }
    outlet->filling->events[outlet->filling->count++] = event;
    outlet->sent++;
    outlet->sent_bytes += event_size(event);
}

void outlet_answer(struct outlet *outlet, struct request *request)
{
    outlet_flush(outlet);
    request->mail.kind = ENGINE_ANSWER;
    mailbox_put(outlet->mailbox, &request->mail);
}

bool outlet_is_behind(const struct outlet *outlet)
{
    const struct progress *progress = outlet->progress;
    uint64_t taken = atomic_load(&progress->taken);
    uint64_t taken_bytes = atomic_load(&progress->taken_bytes);
    uint64_t waiting = atomic_load(&progress->waiting);
    uint64_t waiting_bytes = atomic_load(&progress->waiting_bytes);
    return outlet->sent - taken + waiting > ENGINE_BEHIND_ENTRIES ||
           outlet->sent_bytes - taken_bytes + waiting_bytes > ENGINE_BEHIND_BYTES;
}
