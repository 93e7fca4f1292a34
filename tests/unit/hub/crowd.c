/* The readers and publishers of a hub: what they want, by chance. */
#include "base/check.h"
#include "base/id.h"
#include "engine/frame.h"
#include "sim.h"
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const exact_names[] = {"a",   "ab",  "abc", "abd", "b",   "b:1", "b:2",
                                          "b:3", "b:4", "b:5", "ba",  "baa", "bb",  "c"};
static const char *const prefix_names[] = {"*", "a*", "ab*", "b*", "b:*", "c*", "z*"};

#define ANY_NAME(sim, names) (names)[below((sim), sizeof(names) / sizeof *(names))]

/* ---- readers ---- */

static void choose_names(struct sim *sim, struct reader *reader)
{
    size_t wanted = one_in(sim, 3) ? 1 : 1 + below(sim, VIEW_NAMES - 1);
    size_t prefixes = ONE_OF(sim, 0, 0, 1, 2); /* none, some, all */
    reader->count = 0;
    for (size_t i = 0; i < wanted; i++) {
        bool prefix = prefixes == 2 || (prefixes == 1 && one_in(sim, 2)), there = false;
        const char *name = prefix ? ANY_NAME(sim, prefix_names) : ANY_NAME(sim, exact_names);
        for (size_t j = 0; j < reader->count; j++)
            there |= strcmp(reader->names[j], name) == 0;
        if (!there)
            strcpy(reader->names[reader->count++], name);
    }
}

static uint64_t some_id(struct sim *sim)
{
    const struct model *model = &sim->model;
    uint64_t head = model->head;
    switch (below(sim, 8)) {
    case 0:
        return below(sim, 2) ? model->floor : model->floor - 1;
    case 1:
        return head;
    case 2:
        return head + 1 + below(sim, 3);
    case 3:
        return id_make(id_ms(head) - below(sim, 3000), 0);
    case 4:
        return below(sim, 2);
    default:
        break;
    }
    size_t back = 1 + below(sim, 60);
    return (model->count < back ? model->floor : model->events[model->count - back].id) -
           below(sim, 2);
}

static struct start some_start(struct sim *sim, const struct reader *reader)
{
    struct start start = {0};
    start.from_kind = (enum start_kind)below(sim, START_UNKNOWN + 1);
    start.from = start.from_kind == START_NEWEST ? ONE_OF(sim, 0, 1, 2, 5, 20, UINT64_MAX / 16)
                                                 : some_id(sim);
    if (reader->knows && !one_in(sim, 6)) {
        start.position_kind = START_AFTER;
        start.position = reader->position;
    } else if (one_in(sim, 6)) {
        start.position_kind = one_in(sim, 3) ? START_UNKNOWN : START_AFTER;
        start.position = some_id(sim);
    }
    return start;
}

void subscribe(struct sim *sim, struct reader *reader)
{
    struct stream *stream = memory_new(sizeof *stream);
    struct span names[VIEW_NAMES];
    bool given = true;
    if (!reader->count || one_in(sim, 8))
        choose_names(sim, reader);
    if (!reader->client[0] || one_in(sim, 3)) {
        if ((given = one_in(sim, 2)))
            snprintf(reader->client, sizeof reader->client, "c%zu", below(sim, SIM_CLIENTS));
        else
            snprintf(reader->client, sizeof reader->client, "m%u", sim->made++);
    }
    stream->sim = sim;
    stream->reader = reader;
    reader->stream = stream;
    stream->worker = &sim->workers[below(sim, sim->worker_count)];
    stream->speed = (int)ONE_OF(sim, FAST, FAST, FAST, SLOW, SLOW, STUCK);
    stream->room = (unsigned)below(sim, 8);
    stream->envelopes = one_in(sim, 4);
    stream->view.model = &sim->model;
    stream->view.count = reader->count + 1;
    stream->view.made = !given;
    stream->view.asked = some_start(sim, reader);
    for (size_t i = 0; i < reader->count; i++) {
        names[i] = span_from(reader->names[i]);
        strcpy(stream->view.names[i], reader->names[i]);
    }
    stream->view.names[reader->count][0] = '@';
    strcpy(stream->view.names[reader->count] + 1, reader->client);
    struct selection *selection =
        selection_new(names, reader->count, span_from(reader->client), given);
    MUST(selection &&
         subscription_open(&stream->subscription, &stream->worker->windows, selection));
    struct request *request = request_new(REQUEST_OPEN, stream->worker->number, SPAN(""));
    request->context = stream;
    request->selection = selection;
    request->start = stream->view.asked;
    stream->asked = request;
    count(sim, SIM_STREAMS);
    trace(reader, 0,
          "reader %zu subscribes, worker %u: %s… as %s %s, position kind %d %s, from kind %d %s",
          reader->number, stream->worker->number, reader->names[0], given ? "given" : "made",
          reader->client, request->start.position_kind, id_text(request->start.position).text,
          request->start.from_kind, id_text(request->start.from).text);
    post(sim, request);
}

/* ---- publishers ---- */

/* With '@'. A made id is known to its reader when the stream is open. */
static bool some_client(struct sim *sim, char *name)
{
    const struct reader *reader = &sim->readers[below(sim, SIM_READERS)];
    if (one_in(sim, 2)) {
        snprintf(name, MODEL_NAME, "@c%zu", below(sim, SIM_CLIENTS));
        return true;
    }
    snprintf(name, MODEL_NAME, "@%s", reader->client);
    return reader->stream && reader->stream->view.opened;
}

static struct text some_text(struct sim *sim)
{
    return (struct text){
        .type = (uint8_t)(one_in(sim, 3) ? below(sim, TEXT_TYPES) : 0),
        .data = (uint8_t)below(sim, TEXT_DATA),
        .pad = (uint16_t)(one_in(sim, 300) ? TEXT_PAD
                          : one_in(sim, 2) ? 0
                                           : below(sim, 60)),
    };
}

/* An event; the few that have keys are mostly alike, as retries are. */
static struct publication_line some_event(struct sim *sim, bool keys)
{
    struct publication_line line = {.kind = ENTRY_EVENT, .key = -1};
    if (!one_in(sim, 8) || !some_client(sim, line.name))
        strcpy(line.name, ANY_NAME(sim, exact_names));
    line.text = some_text(sim);
    if (keys && one_in(sim, 2)) {
        strcpy(line.name, exact_names[below(sim, 6)]);
        line.key = (int)below(sim, 3);
        if (!one_in(sim, 6))
            line.text = (struct text){.data = 1};
    }
    return line;
}

static struct publication_line some_line(struct sim *sim, bool alone, bool keys)
{
    struct publication_line line = {.key = -1};
    if (alone && one_in(sim, 24)) {
        line.kind = ENTRY_FORGET;
        strcpy(line.name, ANY_NAME(sim, exact_names));
        return line;
    }
    if (alone && one_in(sim, 60) && some_client(sim, line.name)) {
        line.kind = ENTRY_DISMISS;
        line.value = ONE_OF(sim, 0, 0, 1, 60000, 300000, 600000);
        return line;
    }
    return some_event(sim, keys);
}

static void make_line(const struct publication_line *meant, struct line *line)
{
    char data[TEXT_ROOM], key[16];
    struct span name = span_from(meant->name);
    if (meant->kind != ENTRY_EVENT)
        line->entry = entry_new(meant->kind, name, meant->value);
    else
        line->entry = frame_new(name, text_type(meant->text), text_data(meant->text, data),
                                text_is_json(meant->text));
    MUST(line->entry != NULL);
    if (meant->key < 0)
        return;
    snprintf(key, sizeof key, "k%d", meant->key);
    line->keyed = true;
    line->key = key_name(name, span_from(key));
    if (meant->kind == ENTRY_EVENT)
        line->body = key_body(text_type(meant->text), text_data(meant->text, data),
                              text_is_json(meant->text));
}

void publish(struct sim *sim)
{
    size_t lines = one_in(sim, 5) ? ONE_OF(sim, 2, 3, 5, 12) : 1;
    bool keys = one_in(sim, 3);
    struct publication *publication =
        memory_new(sizeof *publication + lines * sizeof *publication->lines);
    struct request *request =
        request_new(REQUEST_PUBLISH, (unsigned)below(sim, sim->worker_count), SPAN(""));
    MUST(request != NULL);
    if (lines > 1) {
        request->lines = memory_new(lines * sizeof *request->lines);
        request->line_count = (uint32_t)lines;
    }
    publication->request = request;
    publication->count = lines;
    for (size_t i = 0; i < lines; i++) {
        publication->lines[i] = some_line(sim, lines == 1, keys);
        make_line(&publication->lines[i], &request->lines[i]);
    }
    request->context = publication;
    publication_list_add(&sim->posted, publication);
}
