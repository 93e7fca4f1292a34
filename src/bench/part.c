/* Streams are dealt in neighbouring runs, as even as can be. */
#include "bench/part.h"

#include "bench/now.h"

void part_init(struct part *part, const struct plan *plan, const struct payload *payload,
               uint64_t index, struct ev_loop *loop)
{
    uint64_t parts = plan->processes, stuck = plan->stuck * index / parts;
    struct subscribers *subscribers = &part->subscribers;
    *part = (struct part){.plan = plan};
    subscribers->first = plan->subscribers * index / parts;
    subscribers->readers = plan->subscribers * (index + 1) / parts - subscribers->first;
    subscribers->first_stuck = plan->subscribers + stuck;
    subscribers->count = subscribers->readers + plan->stuck * (index + 1) / parts - stuck;
    check_init(&part->check, &plan->layout, &part->tally, subscribers->first, subscribers->readers);
    subscribers_init(subscribers, plan, payload, &part->check, loop);
}

void part_fini(struct part *part)
{
    subscribers_fini(&part->subscribers);
    check_fini(&part->check);
}

void part_obey(struct part *part, const struct part_order *order)
{
    uint64_t at_once = order->at_once / part->plan->processes;
    switch (order->deed) {
    case PART_OPEN:
        if (order->since_ns) {
            part->check.since_ns = order->since_ns;
            part->tally.latency = (struct histogram){0};
        }
        subscribers_open(&part->subscribers, at_once ? at_once : 1);
        break;
    case PART_LEAVE:
        subscribers_leave(&part->subscribers);
        break;
    case PART_END:
        check_finish(&part->check, order->events);
        break;
    }
    part->tally.order = order->number;
    part->tally.cpu_ns = own_cpu_ns();
}
