/* Reading the tail: where a stream starts, and the pieces from there on. Exact channels are merged
 * from their own rings; where there is a prefix, the log order is searched, a bounded number of
 * entries at a time, and complete_to says how far that came. */
#include "engine/tail.h"

#include "base/check.h"

/* ---- the kept events of a selection of exact channels, merged ---- */

struct source {
    const struct channel *channel;
    uint32_t place;
};

static size_t find_sources(const struct tail *tail, const struct selection *selection,
                           uint64_t after, struct source *sources)
{
    size_t count = 0;
    for (size_t i = 0; i < selection->count; i++) {
        const struct channel *channel =
            channels_find(&tail->channels, selection_name(selection, i), selection->names[i].hash);
        if (!channel || channel->ring.count == 0)
            continue;
        uint32_t place = ring_after(&channel->ring, after);
        if (place < channel->ring.count)
            sources[count++] = (struct source){channel, place};
    }
    return count;
}

static struct event *take_oldest(struct source *sources, size_t *count)
{
    size_t oldest = 0;
    for (size_t i = 1; i < *count; i++)
        if (ring_at(&sources[i].channel->ring, sources[i].place)->id <
            ring_at(&sources[oldest].channel->ring, sources[oldest].place)->id)
            oldest = i;
    struct source *source = &sources[oldest];
    struct event *event = ring_at(&source->channel->ring, source->place);
    if (++source->place == source->channel->ring.count)
        *source = sources[--*count];
    return event;
}

/* How many kept events of these channels have an id of at least `id`. */
static uint64_t count_from(const struct source *sources, size_t count, uint64_t id)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += sources[i].channel->ring.count - ring_after(&sources[i].channel->ring, id - 1);
    return sum;
}

/* The id of the n-th newest (the oldest if there are fewer); 0 where there is none. By halving the
 * range of ids, so that it takes the same few steps whatever n is. */
static uint64_t nth_newest(const struct tail *tail, const struct selection *selection, uint64_t n,
                           uint64_t head)
{
    struct source sources[SELECTION_MAX + 1];
    size_t count = find_sources(tail, selection, 0, sources);
    if (count == 0)
        return 0;
    uint64_t all = count_from(sources, count, 1);
    if (n > all)
        n = all;
    uint64_t low = 1, high = head; /* the greatest id with at least n from it on */
    while (low < high) {
        uint64_t middle = high - (high - low) / 2;
        if (count_from(sources, count, middle) >= n)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* ---- the same with prefixes: by searching the order ---- */

static bool search_oldest(const struct tail *tail, const struct selection *selection,
                          uint32_t steps, struct tail_search *search, uint64_t *id)
{
    search->under_way = true;
    struct order_place place = order_seek(&tail->order, search->reached);
    while (steps-- > 0) {
        const struct event *event = order_forward(&tail->order, &place);
        *id = event ? event->id : 0;
        if (!event || (selection_holds(selection, event) && tail_holds(tail, event)))
            return true;
        search->reached = event->id;
    }
    return false;
}

static bool search_newest(const struct tail *tail, const struct selection *selection, uint64_t n,
                          uint64_t head, uint32_t steps, struct tail_search *search, uint64_t *id)
{
    if (!search->under_way)
        *search = (struct tail_search){.under_way = true, .head = head, .reached = head + 1};
    struct order_place place = order_seek(&tail->order, search->reached - 1);
    while (steps-- > 0) {
        const struct event *event = order_backward(&tail->order, &place);
        *id = search->found;
        if (!event)
            return true;
        search->reached = event->id;
        if (!selection_holds(selection, event) || !tail_holds(tail, event))
            continue;
        search->found = event->id;
        if (++search->matched == n) {
            *id = event->id;
            return true;
        }
    }
    return false;
}

/* ---- where a stream starts ---- */

static bool start_from(const struct tail *tail, const struct selection *selection,
                       const struct start *start, uint64_t head, uint32_t steps,
                       struct tail_search *search, uint64_t *id)
{
    uint64_t oldest = 0;
    bool earliest = start->from_kind == START_EARLIEST;
    uint64_t n = earliest ? UINT64_MAX : start->from_kind == START_NEWEST ? start->from : 0;
    bool done = true;
    if (n && !selection->prefixes)
        oldest = nth_newest(tail, selection, n, head);
    else if (n && earliest)
        done = search_oldest(tail, selection, steps, search, &oldest);
    else if (n)
        done = search_newest(tail, selection, n, head, steps, search, &oldest);
    if (!done)
        return false;
    bool backwards = n && !earliest && selection->prefixes; /* newer ones may have come meanwhile */
    *id = oldest ? oldest - 1 : backwards ? search->head : head;
    return true;
}

bool tail_start(const struct tail *tail, const struct selection *selection,
                const struct start *start, uint64_t head, uint32_t steps,
                struct tail_search *search, uint64_t *id, bool *unknown)
{
    *unknown = start->position_kind == START_UNKNOWN;
    if (start->position_kind == START_AFTER) {
        if (start->position <= head) {
            *id = start->position;
            return true;
        }
        *unknown = true;
    }
    if (start->from_kind == START_AFTER && start->from <= head) {
        *id = start->from;
        return true;
    }
    if (start->from_kind == START_TIME) {
        *id = start->from < head ? start->from : head;
        return true;
    }
    *unknown |= start->from_kind == START_UNKNOWN || start->from_kind == START_AFTER;
    return start_from(tail, selection, start, head, steps, search, id);
}

/* ---- pieces ---- */

static struct trimmed trimmed_of(const struct tail *tail, const struct selection *selection,
                                 size_t i)
{
    const struct selected *selected = &selection->names[i];
    struct span name = selection_name(selection, i);
    struct trimmed floor = {.id = tail->floor};
    if (selected->prefix) {
        struct trimmed trimmed = channels_trimmed(&tail->channels, name);
        return trimmed.id > tail->floor ? trimmed : floor;
    }
    const struct channel *channel = channels_find(&tail->channels, name, selected->hash);
    return channel ? channel->trimmed : floor;
}

static bool full(const struct piece *piece, size_t *bytes, const struct event *event,
                 struct tail_piece_limits limits)
{
    *bytes += event_size(event);
    return piece->count == limits.events || (piece->count && *bytes > limits.bytes);
}

static void merge(const struct tail *tail, const struct selection *selection, uint64_t head,
                  struct tail_piece_limits limits, struct piece *piece)
{
    struct source sources[SELECTION_MAX + 1];
    size_t count = find_sources(tail, selection, piece->start, sources), bytes = 0;
    while (count) {
        struct event *event = take_oldest(sources, &count);
        if (full(piece, &bytes, event, limits))
            return;
        piece->events[piece->count++] = event_ref(event);
        piece->complete_to = event->id;
    }
    piece->complete_to = head;
}

static void search(const struct tail *tail, const struct selection *selection, uint64_t head,
                   struct tail_piece_limits limits, struct piece *piece)
{
    struct order_place place = order_seek(&tail->order, piece->start);
    size_t bytes = 0;
    while (limits.steps-- > 0) {
        struct event *event = order_forward(&tail->order, &place);
        if (!event) {
            piece->complete_to = head;
            return;
        }
        if (selection_holds(selection, event) && tail_holds(tail, event)) {
            if (full(piece, &bytes, event, limits))
                return;
            piece->events[piece->count++] = event_ref(event);
        }
        piece->complete_to = event->id;
    }
}

struct piece *tail_read(const struct tail *tail, const struct selection *selection, uint64_t after,
                        uint64_t head, struct tail_piece_limits limits)
{
    struct trimmed trimmed[SELECTION_MAX + 1];
    bool any = false;
    for (size_t i = 0; i < selection->count; i++) {
        trimmed[i] = trimmed_of(tail, selection, i);
        any |= trimmed[i].id > after;
    }
    uint32_t room = after < head ? limits.events : 0;
    struct piece *piece = piece_new(room, any ? selection->count : 0);
    if (!piece)
        return NULL;
    for (size_t i = 0; any && i < selection->count; i++) {
        piece->trimmed_to[i] = trimmed[i].id;
        piece->deleted[i] = trimmed[i].deleted;
    }
    piece->start = piece->complete_to = after;
    piece->head = head;
    if (after >= head)
        return piece;
    if (selection->prefixes)
        search(tail, selection, head, limits, piece);
    else
        merge(tail, selection, head, limits, piece);
    return piece;
}
