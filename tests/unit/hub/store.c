/* Publishing: requests go into the log, a store decides about them in its own time, and the model
 * follows what comes out. */
#include "base/check.h"
#include "base/id.h"
#include "parts.h"
#include "trace.h"

#include <stdlib.h>

static struct sim *sim_of(struct log *log)
{
    return CONTAINER_OF(log, struct sim, log);
}

/* ---- the store ---- */

static enum error store_open(struct log *log, uint64_t now_ms, uint64_t *head)
{
    request_list_init(&sim_of(log)->store.requests);
    return memory_engine.open(log, now_ms, head);
}

static void accept(struct sim *sim, struct request *request)
{
    const struct publication *publication = intake_accept(&sim->intake);
    MUST(publication->request == request);
    if (!sim->store.early)
        log_stamp(&sim->log, request, sim->now_ms);
    log_accept(&sim->log, request);
}

static void refuse(struct sim *sim, struct request *request)
{
    const struct publication *publication =
        intake_refuse(&sim->intake, ERROR_NO_MEMORY, sim->now_ms);
    MUST(publication->request == request);
    count(sim, SIM_REFUSED_STORE);
    log_refuse(&sim->log, request, ERROR_NO_MEMORY, sim->now_ms);
}

static void store_append(struct log *log, struct request_list *batch, uint64_t now_ms)
{
    struct sim *sim = sim_of(log);
    struct request *request;
    while ((request = request_list_take(batch))) {
        const struct publication *publication = request->context;
        MUST(publication->state == PUBLICATION_STORED);
        for (size_t i = 0; i < publication->count; i++)
            MUST(request->lines[i].repeated == publication->lines[i].repeated);
        if (sim->store.early)
            log_stamp(log, request, now_ms);
        if (!sim->store.at_once)
            request_list_add(&sim->store.requests, request);
        else if (one_in(sim, 10))
            refuse(sim, request);
        else
            accept(sim, request);
    }
}

static void store_close(struct log *log)
{
    MUST(!sim_of(log)->store.requests.first);
}

const struct engine_ops sim_store = {
    .name = "test", .open = store_open, .append = store_append, .close = store_close};

void run_store(struct sim *sim, size_t count)
{
    struct request *request;
    while (count-- && (request = request_list_take(&sim->store.requests)))
        if (one_in(sim, 6))
            refuse(sim, request);
        else
            accept(sim, request);
}

/* ---- in ---- */

static void tell_verdict(struct sim *sim, const struct publication *publication)
{
    static const char *const states[] = {"is posted", "waits", "is stored", "is refused"};
    trace(NULL, SIZE_MAX, "publish of %zu to %s… %s: %s", publication->count,
          publication->lines[0].name, states[publication->state], error_name(publication->error));
    if (publication->state == PUBLICATION_WAITS)
        count(sim, SIM_WAITED);
}

void run_publishes(struct sim *sim, size_t wanted)
{
    struct request_list batch;
    struct publication_list judged;
    struct publication *publication, *looked_at[64];
    size_t n = 0;
    request_list_init(&batch);
    judged.first = NULL;
    judged.last = &judged.first;
    while (wanted-- && sim->posted.first && n < 64) {
        publication = publication_list_take(&sim->posted);
        publication_list_add(&judged, publication);
        request_list_add(&batch, publication->request);
        looked_at[n++] = publication;
    }
    intake_judge(&sim->intake, &judged, sim->now_ms, sim->mono_ms);
    for (size_t i = 0; i < n; i++)
        tell_verdict(sim, looked_at[i]);
    log_publish(&sim->log, &batch, sim->now_ms);
    MUST(!batch.first);
    size_t stored = 0; /* all that are to be stored have come to the store */
    for (publication = sim->intake.stored.first; publication; publication = publication->next)
        stored++;
    for (const struct mail *mail = sim->store.requests.first; mail; mail = mail->next)
        stored--;
    MUST(stored == 0 && sim->intake.refused == 0);
}

/* ---- out ---- */

static void comes_out(struct sim *sim, struct publication_line *line, const struct event *entry)
{
    struct model *model = &sim->model;
    size_t channel = model_channel(model, line->name);
    MUST(entry->id > model->head);
    MUST(sim->sent_to == sim->due_to);
    sim->sent_to = 0;
    sim->due_to =
        line->name[0] == '@' ? (1u << sim->worker_count) - 1 : model_watchers(model, line->name);
    line->id = entry->id;
    if (line->kind == ENTRY_EVENT) {
        trace(NULL, channel, "%s on %s, %zu bytes", id_text(entry->id).text, line->name,
              event_size(entry));
        model_publish(model, channel, entry->id, event_size(entry), line->text, sim->now_ms);
        count(sim, SIM_EVENTS);
    } else if (line->kind == ENTRY_FORGET) {
        trace(NULL, channel, "%s forgets %s", id_text(entry->id).text, line->name);
        model_forget(model, channel, entry->id, sim->now_ms);
        count(sim, SIM_FORGOTTEN);
    } else {
        trace(NULL, SIZE_MAX, "%s dismisses %s for %llu", id_text(entry->id).text, line->name,
              (unsigned long long)line->value);
        model_dismiss(model, line->name, entry->id, line->value, sim->mono_ms);
        count(sim, SIM_DISMISSED);
    }
}

void follow(struct sim *sim)
{
    const struct event *entry;
    while (sim->model.head < sim->log.head) {
        struct publication_line *line = intake_next(&sim->intake, &entry);
        MUST(line && entry->id <= sim->log.head);
        comes_out(sim, line, entry);
        sim->intake.out++;
    }
}

void run_release(struct sim *sim)
{
    uint64_t out = sim->intake.out;
    log_release(&sim->log, sim->now_ms);
    follow(sim);
    MUST(sim->sent_to == sim->due_to);
    MUST(sim->intake.out - out <= sim->log.release_entries);
}

/* ---- answers ---- */

static void answered(struct sim *sim, const struct publication *publication)
{
    const struct request *request = publication->request;
    uint64_t last = 0;
    for (size_t i = 0; i < publication->count; i++) {
        const struct publication_line *line = &publication->lines[i];
        MUST(request->lines[i].id == line->id && request->lines[i].repeated == line->repeated);
        MUST(line->repeated || !last || line->id == last + 1);
        last = line->repeated ? last : line->id;
        if (line->repeated)
            count(sim, SIM_REPEATED);
    }
}

static void refused(struct sim *sim, const struct publication *publication)
{
    for (size_t i = 0; i < publication->count; i++)
        MUST(publication->lines[i].id == 0 || publication->lines[i].repeated);
    if (publication->error == ERROR_KEY_REUSED)
        count(sim, SIM_REFUSED_KEY);
    else if (publication->error == ERROR_KEYS_MANY)
        count(sim, SIM_REFUSED_KEYS);
    else if (publication->error == ERROR_CHANNELS_FULL)
        count(sim, SIM_REFUSED_CHANNELS);
}

void log_answers_publish(struct sim *sim, struct request *request)
{
    struct publication *publication = request->context;
    follow(sim);
    trace(NULL, SIZE_MAX, "publish of %zu to %s… is answered: %s", publication->count,
          publication->lines[0].name, error_name(request->error));
    MUST(request->error == publication->error);
    if (publication->state == PUBLICATION_STORED) {
        MUST(intake_answer(&sim->intake, sim->mono_ms) == publication);
        answered(sim, publication);
    } else {
        MUST(publication->state == PUBLICATION_REFUSED);
        intake_refused(&sim->intake);
        refused(sim, publication);
    }
    free(publication);
    request->context = NULL;
}
