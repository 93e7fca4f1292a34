/* Coming to rest, and what must hold then. */
#include "base/check.h"
#include "sim.h"
#include "trace.h"

#include <stdlib.h>

static bool run_worker(struct sim *sim, struct worker *worker)
{
    bool any = worker->inbox || worker->mailbox;
    take_mail(sim, worker, SIZE_MAX);
    return run_slice(sim, worker, 100) || any;
}

static bool run_reader(struct sim *sim, struct stream *stream)
{
    if (stream->ready || stream->blocked) {
        if (stream->blocked)
            drain(sim, stream);
        else
            flush(sim, stream);
        return true;
    }
    return false;
}

void check_tail(const struct sim *sim)
{
    const struct tail *tail = &sim->log.tail;
    const struct model *model = &sim->model;
    struct order_place place = {0};
    for (size_t i = model->oldest; i < model->count; i++) {
        if (model->events[i].gone && !model->events[i].buried)
            continue;
        const struct event *event = order_forward(&tail->order, &place);
        MUST(event && event->id == model->events[i].id);
        MUST(tail_holds(tail, event) == !model->events[i].gone);
    }
    MUST(order_forward(&tail->order, &place) == NULL);
    MUST(tail->bytes == model_bytes(model));
    MUST(tail->floor == model->floor);
    MUST(tail->channels.count == model_known(model));
    MUST(tail_next_expiry(tail) <= model_next_expiry(model));
}

static size_t check_window(const struct window *window)
{
    uint64_t last = window->floor;
    size_t bytes = 0;
    for (uint32_t i = 0; i < window->ring.count; i++) {
        const struct event *event = ring_at(&window->ring, i);
        MUST(event->id > last);
        last = event->id;
        bytes += event_size(event);
    }
    MUST(window->link_count > 0 && window->due == 0 && window->unserved == 0 && !window->active);
    return bytes;
}

/* Whether a worker before this one watches the same. */
static bool counted(const struct sim *sim, const struct worker *worker, const struct window *window)
{
    for (const struct worker *other = sim->workers; other < worker; other++)
        if (match_find(&other->windows.match, window->entry.name, window->entry.hash,
                       window->entry.prefix))
            return true;
    return false;
}

static void check_windows(const struct sim *sim)
{
    size_t watched = 0;
    for (unsigned i = 0; i < sim->worker_count; i++) {
        const struct worker *worker = &sim->workers[i];
        const struct windows *windows = &worker->windows;
        size_t bytes = 0;
        struct match_entry *entry, *next,
            *tables[] = {windows->match.exact, windows->match.prefixes};
        for (int t = 0; t < 2; t++) {
            HASH_ITER (hh, tables[t], entry, next) {
                const struct window *window = CONTAINER_OF(entry, struct window, entry);
                bytes += check_window(window);
                watched += entry->name.n == 0 || entry->name.p[0] != '@'
                               ? !counted(sim, worker, window)
                               : 0;
            }
        }
        MUST(windows->bytes == bytes && bytes <= windows->limits.bytes);
        MUST(windows->age_count <= windows->limits.entries);
        MUST(windows->backlog == 0 && windows->backlog_bytes == 0);
        MUST(windows->head == sim->log.head);
    }
    const struct channel *channel;
    size_t channels = 0;
    for (channel = sim->log.tail.channels.table; channel; channel = channel->hh.next)
        channels += channel->workers != 0;
    MUST(channels + HASH_COUNT(sim->log.prefixes.prefixes) == watched);
}

static bool run_log(struct sim *sim)
{
    bool any = sim->posted.first || sim->steps.first || sim->store.requests.first ||
               log_has_work(&sim->log);
    run_publishes(sim, SIZE_MAX);
    run_store(sim, 10);
    run_release(sim);
    run_steps(sim, 10);
    tell_figures(sim);
    return any;
}

static void check_stream(struct sim *sim, struct stream *stream)
{
    struct view *view = &stream->view;
    must(stream, view_settled(view));
    must(stream, stream->subscription.state != SUBSCRIPTION_LIVE ? "a reader is not live" : NULL);
    const struct catch_up *catch_up = stream->subscription.catch_up;
    must(stream, catch_up && catch_up->gap ? "a gap waits to be told" : NULL);
    must(stream, catch_up && catch_up->piece ? "a piece is held" : NULL);
    must(stream, catch_up && stream->subscription.cursor >= stream->worker->windows.head
                     ? "what catching up needs is still there"
                     : NULL);
    must(stream, view->begun_head < model_sent_away(&sim->model, view->names[view->count - 1])
                     ? "a client that was sent away is still here"
                     : NULL);
}

void sim_rest(struct sim *sim)
{
    bool any = true;
    trace(NULL, SIZE_MAX, "coming to rest");
    for (int turn = 0; any; turn++) {
        MUST(turn < 100000);
        any = run_log(sim);
        for (unsigned i = 0; i < sim->worker_count; i++)
            any |= run_worker(sim, &sim->workers[i]);
        for (size_t i = 0; i < SIM_READERS; i++) {
            struct stream *stream = sim->readers[i].stream;
            if (!stream)
                continue;
            if (stream->speed == STUCK)
                stream->speed = SLOW;
            any |= run_reader(sim, stream);
        }
        free_ended(sim);
    }
    for (size_t i = 0; i < SIM_READERS; i++)
        if (sim->readers[i].stream)
            check_stream(sim, sim->readers[i].stream);
    MUST(!sim->intake.waiting.first && !sim->intake.stored.first && !sim->intake.accepted.first);
    MUST(!sim->log.waiting.first && HASH_COUNT(sim->log.keys.table) <= sim->log.keys.max);
    MUST(atomic_load(&sim->twins.bytes) <= sim->twins.max);
    check_tail(sim);
    check_windows(sim);
}
