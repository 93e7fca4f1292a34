/* What happens is chosen here. */
#include "sim.h"

#include "base/check.h"
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- steps ---- */

/* Wall clock and monotonic; the latter in steps that often end at a key's ten minutes. */
static void pass_time(struct sim *sim)
{
    if (one_in(sim, 300))
        sim->now_ms += 86400000 + below(sim, 3) * 3600000;
    else if (one_in(sim, 60))
        sim->now_ms -= below(sim, 3600000);
    else if (one_in(sim, 20))
        sim->now_ms += below(sim, 10000);
    else
        sim->now_ms += below(sim, 30);
    sim->log.now_ms = sim->mono_ms += ONE_OF(sim, 0, 0, 0, 0, 1, 99999, 100000, 300000);
    if (!one_in(sim, 3))
        expire(sim);
}

static void run_publishing(struct sim *sim)
{
    if (one_in(sim, 2))
        run_publishes(sim, one_in(sim, 2) ? SIZE_MAX : below(sim, 3));
    if (one_in(sim, 2))
        run_store(sim, 1 + below(sim, 3));
    if (!one_in(sim, 4))
        run_release(sim);
    if (one_in(sim, 16))
        check_tail(sim);
}

void sim_step(struct sim *sim)
{
    struct worker *worker = &sim->workers[below(sim, sim->worker_count)];
    struct reader *reader = &sim->readers[below(sim, SIM_READERS)];
    struct stream *stream = reader->stream;
    size_t what = below(sim, 100);
    trace_step = ++sim->step;
    if (what < 16) {
        for (size_t n = 1 + below(sim, 3); n--;)
            publish(sim);
    } else if (what < 29) {
        run_publishing(sim);
    } else if (what < 30) {
        if (one_in(sim, 4))
            change_limits(sim);
        else
            ask_page(sim);
    } else if (what < 40) {
        run_steps(sim, 1 + below(sim, 4));
    } else if (what < 48) {
        tell_figures(sim);
    } else if (what < 62) {
        if (one_in(sim, 5))
            read_head(sim, worker);
        else
            take_mail(sim, worker, one_in(sim, 2) ? SIZE_MAX : 1 + below(sim, 20));
    } else if (what < 74) {
        run_slice(sim, worker, 1 + below(sim, 5));
    } else if (what < 80) {
        pass_time(sim);
    } else if (!stream) {
        subscribe(sim, reader);
    } else if (what < 83) {
        end_stream(sim, stream);
    } else if (what < 85) {
        keepalive(sim, stream);
    } else if (what < 86) {
        stream->speed = (int)below(sim, 3);
    } else if (what < 92 && stream->ready) {
        flush(sim, stream);
    } else {
        drain(sim, stream);
    }
    free_ended(sim);
}

/* ---- begin and end ---- */

void sim_begin(struct sim *sim)
{
    struct log_owner owner = {log_sends, log_answers, sim};
    struct model_limits limits;
    choose_limits(sim, &limits);
    struct window_limits window_limits = {
        .window_entries = (uint32_t)ONE_OF(sim, 1, 2, 4, 4, 64),
        .entries = (uint32_t)ONE_OF(sim, 2, 8, 16, 16, 1000),
        .bytes = ONE_OF(sim, 200, 1000, 3000, 1000000),
    };
    sim->now_ms = UINT64_C(1700000000000) + below(sim, 1000000);
    sim->mono_ms = below(sim, 1000000);
    sim->store = (struct store){.at_once = one_in(sim, 2), .early = one_in(sim, 2)};
    sim->twins = (struct twins){.max = ONE_OF(sim, 0, 400, 2000, 1000000)};
    MUST(log_open(&sim->log, &sim_store, real_limits(&limits),
                  sim->worker_count = 1 + (unsigned)below(sim, SIM_WORKERS), owner,
                  sim->now_ms) == OK);
    sim->log.piece_limits = (struct tail_piece_limits){
        .events = (uint32_t)ONE_OF(sim, 1, 2, 3, 128),
        .bytes = ONE_OF(sim, 1, 400, 65536),
        .steps = (uint32_t)ONE_OF(sim, 1, 2, 3, 7, 4096),
    };
    sim->log.release_entries = (uint32_t)ONE_OF(sim, 1, 1, 2, 64);
    sim->log.keys.max = ONE_OF(sim, 1, 3, 8, 1000);
    sim->log.now_ms = sim->mono_ms;
    sim->log.tail.walk_steps = (uint32_t)ONE_OF(sim, 1, 2, 5, 128);
    trace(NULL, SIZE_MAX, "a new hub");
    trace_limits(&limits);
    trace(NULL, SIZE_MAX, "    windows %u, %u, %zu bytes, pieces %u, %zu bytes, %u steps",
          window_limits.window_entries, window_limits.entries, window_limits.bytes,
          sim->log.piece_limits.events, sim->log.piece_limits.bytes, sim->log.piece_limits.steps);
    model_init(&sim->model, &limits, sim->log.head);
    sim->due_to = sim->sent_to = 0;
    intake_init(&sim->intake, &sim->model, sim->log.keys.max);
    sim->posted.first = NULL;
    sim->posted.last = &sim->posted.first;
    request_list_init(&sim->steps);
    for (unsigned i = 0; i < sim->worker_count; i++) {
        struct worker *worker = &sim->workers[i];
        *worker = (struct worker){.number = i, .mailbox_end = &worker->mailbox};
        windows_init(&worker->windows, window_limits, make_unwatch, send_unwatch, sim);
    }
    for (size_t i = 0; i < SIM_READERS; i++)
        sim->readers[i] = (struct reader){.number = i};
    tell_figures(sim);
}

void sim_end(struct sim *sim)
{
    for (size_t i = 0; i < SIM_READERS; i++)
        if (sim->readers[i].stream)
            end_stream(sim, sim->readers[i].stream);
    sim_rest(sim);
    for (unsigned i = 0; i < sim->worker_count; i++)
        windows_fini(&sim->workers[i].windows);
    log_close(&sim->log);
    MUST(atomic_load(&sim->twins.bytes) == 0);
    model_fini(&sim->model);
}

void sim_print_figures(const struct sim *sim)
{
    static const char *const names[SIM_FIGURES] = {
        "events",     "deliveries",     "envelopes",     "streams",        "pieces asked for",
        "repeated",   "keys reused",    "too many keys", "channels full",  "refused by the store",
        "waited",     "forgotten",      "dismissed",     "new limits",     "kept away",
        "not opened", "gaps (trimmed)", "gaps (slow)",   "gaps (unknown)",
    };
    printf("%llu steps:", (unsigned long long)sim->step);
    for (int i = 0; i < SIM_FIGURES; i++)
        printf("%s %llu %s", i ? "," : "", (unsigned long long)sim->figures[i], names[i]);
    printf("\n");
}
