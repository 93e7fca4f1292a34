/* Questions besides streams: the list of channels, and a channel's history. What the log answers is
 * compared with the model, and with the answers' JSON. */
#include "base/check.h"
#include "base/hash.h"
#include "base/id.h"
#include "engine/envelope.h"
#include "parts.h"
#include "trace.h"

#include <jansson.h>
#include <stdlib.h>

static const char *const prefixes[] = {"", "", "", "a", "ab", "b", "b:", "c", "z", "@"};
static const char *const names[] = {"", "a", "aa", "ab", "abd", "b", "b:3", "bb", "c", "@c1", "zz"};

#define ANY_OF(sim, array) (array)[below((sim), sizeof(array) / sizeof *(array))]

/* What was asked, since the log's own copy moves on. */
struct page {
    const char *prefix, *after;
    uint32_t max;
    bool exact;
    size_t channel; /* whose history */
};

/* ---- the list ---- */

static void ask_list(struct sim *sim, struct page *page, struct request *request)
{
    *page = (struct page){.prefix = ANY_OF(sim, prefixes),
                          .after = ANY_OF(sim, names),
                          .max = (uint32_t)ONE_OF(sim, 1, 2, 5, 100),
                          .exact = one_in(sim, 4)};
    if (page->exact)
        *page = (struct page){"", names[1 + below(sim, 10)], 1, true, 0};
    request->listing = listing_new(page->max, span_from(page->prefix), span_from(page->after));
    MUST(request->listing != NULL);
    request->listing->exact = page->exact;
}

/* What a row must say; events 0 where nothing is kept. */
static struct listing_row row_of(const struct model *model, size_t channel)
{
    struct listing_row row = {0};
    for (size_t i = model->oldest; i < model->count; i++) {
        const struct model_event *event = &model->events[i];
        if (event->gone || event->channel != channel)
            continue;
        row.first_id = row.events ? row.first_id : event->id;
        row.last_id = event->id;
        row.events++;
    }
    return row;
}

static bool is_row(const struct listing_row *row, struct listing_row expected, const char *name)
{
    return span_equal((struct span){row->name, row->length}, span_from(name)) &&
           row->events == expected.events && row->first_id == expected.first_id &&
           row->last_id == expected.last_id && row->named == 0 && row->subscribers == 0;
}

/* The first channel by name behind `after` that belongs on the page; SIZE_MAX at the end. */
static size_t next_of(const struct model *model, const struct page *page, const char *after,
                      struct listing_row *row)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < model->channel_count; i++) {
        const struct model_channel *channel = &model->channels[i];
        if (channel->name[0] == '@' || strcmp(channel->name, after) <= 0 ||
            strncmp(channel->name, page->prefix, strlen(page->prefix)) != 0 ||
            (found != SIZE_MAX && strcmp(channel->name, model->channels[found].name) > 0))
            continue;
        struct listing_row candidate = row_of(model, i);
        if (!candidate.events && !channel->workers)
            continue;
        found = i;
        *row = candidate;
    }
    return found;
}

static void judge_list(struct sim *sim, const struct page *page, const struct listing *listing)
{
    struct model *model = &sim->model;
    struct listing_row row;
    if (page->exact) {
        MUST(listing->count == 1);
        MUST(is_row(&listing->rows[0], row_of(model, model_channel(model, page->after)),
                    page->after));
        return;
    }
    const char *after = page->after;
    for (uint32_t i = 0; i < page->max; i++) {
        size_t next = next_of(model, page, after, &row);
        if (next == SIZE_MAX) {
            MUST(listing->count == i);
            return;
        }
        after = model->channels[next].name;
        MUST(i < listing->count && is_row(&listing->rows[i], row, after));
    }
    MUST(listing->count == page->max);
}

/* ---- history ---- */

static void ask_history(struct sim *sim, struct page *page, struct request *request)
{
    const char *name = names[1 + below(sim, 10)];
    struct span channel = span_from(name);
    const struct model *model = &sim->model;
    *page = (struct page){.max = (uint32_t)ONE_OF(sim, 1, 3, 1000),
                          .channel = model_channel(&sim->model, name)};
    request->selection = selection_new(&channel, 1, SPAN(""), false);
    request->limit = page->max;
    request->after = one_in(sim, 3)      ? 0
                     : model->count == 0 ? model->head
                                         : model->events[below(sim, model->count)].id;
}

static void judge_json(const struct sim *sim, const struct event *event)
{
    struct buf json;
    const struct model_event *published = model_find(&sim->model, event->id);
    buf_init(&json, 1 << 20);
    MUST(event_write_json(event, false, &json) == OK);
    json_t *object = json_loadb(json.data, json.len, JSON_REJECT_DUPLICATES, NULL);
    MUST(json_object_size(object) == 3 && !json_object_get(object, "channel"));
    MUST(strcmp(json_string_value(json_object_get(object, "id")), id_text(event->id).text) == 0);
    MUST(published && text_is_json(published->text) == event->json);
    json_decref(object);
    buf_fini(&json);
}

static void judge_history(struct sim *sim, const struct page *page, const struct request *request)
{
    const struct model *model = &sim->model;
    const struct piece *piece = request->piece;
    bool deleted;
    uint32_t n = 0;
    uint64_t complete_to = model->head > request->after ? model->head : request->after;
    for (size_t i = model->oldest; i < model->count; i++) {
        const struct model_event *event = &model->events[i];
        if (event->gone || event->channel != page->channel || event->id <= request->after)
            continue;
        if (n == page->max) {
            complete_to = piece->events[n - 1]->id;
            break;
        }
        MUST(n < piece->count && piece->events[n]->id == event->id);
        judge_json(sim, piece->events[n++]);
    }
    uint64_t dropped = model_dropped(model, model->channels[page->channel].name, &deleted);
    MUST(n == piece->count && piece->complete_to == complete_to);
    MUST(dropped <= request->after ||
         (piece->trimmed_to && piece->trimmed_to[0] == dropped && piece->deleted[0] == deleted));
    MUST(dropped > request->after || !piece->trimmed_to || piece->trimmed_to[0] <= request->after);
}

/* ---- both ---- */

void ask_page(struct sim *sim)
{
    bool history = one_in(sim, 2);
    struct page *page = memory_new(sizeof *page);
    struct request *request = request_new(history ? REQUEST_READ : REQUEST_LIST,
                                          (unsigned)below(sim, sim->worker_count), SPAN(""));
    if (history)
        ask_history(sim, page, request);
    else
        ask_list(sim, page, request);
    request->context = page;
    post(sim, request);
}

void log_answers_page(struct sim *sim, struct request *request)
{
    struct page *page = request->context;
    MUST(request->error == OK);
    if (request->kind == REQUEST_LIST)
        judge_list(sim, page, request->listing);
    else
        judge_history(sim, page, request);
    free(page);
    request->context = NULL;
}
