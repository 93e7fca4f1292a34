/* Keys and the way of a request. */
#include "intake.h"

#include "base/check.h"

#include <stdlib.h>

enum { TEN_MINUTES = 600000 };

static void list_init(struct publication_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

void publication_list_add(struct publication_list *list, struct publication *publication)
{
    publication->next = NULL;
    *list->last = publication;
    list->last = &publication->next;
}

struct publication *publication_list_take(struct publication_list *list)
{
    struct publication *first = list->first;
    CHECK(first);
    list->first = first->next;
    if (!list->first)
        list->last = &list->first;
    return first;
}

void intake_init(struct intake *intake, struct model *model, size_t keys_max)
{
    intake->model = model;
    intake->keys_max = keys_max;
    intake->key_count = 0;
    intake->settled = false;
    intake->refused = 0;
    intake->out = 0;
    list_init(&intake->waiting);
    list_init(&intake->stored);
    list_init(&intake->accepted);
}

/* ---- keys ---- */

static struct intake_key *find_key(struct intake *intake, size_t channel, int key)
{
    for (size_t i = 0; i < intake->key_count; i++)
        if (intake->keys[i].channel == channel && intake->keys[i].key == key)
            return &intake->keys[i];
    return NULL;
}

static void drop_key(struct intake *intake, size_t i)
{
    intake->keys[i] = intake->keys[--intake->key_count];
}

static void drop_old_keys(struct intake *intake, uint64_t mono_ms)
{
    for (size_t i = intake->key_count; i-- > 0;)
        if (intake->keys[i].id && mono_ms - intake->keys[i].at_ms >= TEN_MINUTES)
            drop_key(intake, i);
}

/* Those that this one has under way came to nothing. */
static void drop_keys_of(struct intake *intake, const struct publication *publication)
{
    for (size_t i = intake->key_count; i-- > 0;)
        if (intake->keys[i].owner == publication)
            drop_key(intake, i);
}

/* ---- what becomes of one ---- */

static enum error look_up(struct intake *intake, struct publication *publication,
                          struct publication_line *line, bool *waits)
{
    size_t channel = model_channel(intake->model, line->name);
    struct intake_key *key = find_key(intake, channel, line->key);
    if (!key && intake->key_count >= intake->keys_max)
        return ERROR_KEYS_MANY;
    if (!key) {
        CHECK(intake->key_count < INTAKE_KEYS);
        intake->keys[intake->key_count++] = (struct intake_key){
            .channel = channel, .key = line->key, .text = line->text, .owner = publication};
        return OK;
    }
    *waits = key->id == 0 && key->owner != publication;
    if (!*waits && !text_equal(key->text, line->text))
        return ERROR_KEY_REUSED;
    line->repeated = !*waits;
    line->id = key->id;
    return OK;
}

/* Its first `count` lines bring nothing to their channels after all. */
static void unexpect(struct intake *intake, const struct publication *publication, size_t count,
                     uint64_t now_ms)
{
    for (size_t i = 0; i < count; i++) {
        const struct publication_line *line = &publication->lines[i];
        if (line->kind == ENTRY_EVENT && !line->repeated)
            model_unexpect(intake->model, model_channel(intake->model, line->name), now_ms);
    }
}

static void judge(struct intake *intake, struct publication *publication, uint64_t now_ms)
{
    enum error error = OK;
    bool waits = false;
    size_t expected = 0;
    for (size_t i = 0; i < publication->count; i++) {
        publication->lines[i].repeated = false;
        publication->lines[i].id = 0;
    }
    for (size_t i = 0; i < publication->count && !error && !waits; i++)
        if (publication->lines[i].key >= 0)
            error = look_up(intake, publication, &publication->lines[i], &waits);
    while (expected < publication->count && !error && !waits) {
        const struct publication_line *line = &publication->lines[expected];
        if (line->kind == ENTRY_EVENT && !line->repeated &&
            !model_expect(intake->model, model_channel(intake->model, line->name), now_ms))
            error = ERROR_CHANNELS_FULL;
        else
            expected++;
    }
    publication->error = error;
    publication->state = waits   ? PUBLICATION_WAITS
                         : error ? PUBLICATION_REFUSED
                                 : PUBLICATION_STORED;
    if (publication->state == PUBLICATION_STORED) {
        publication_list_add(&intake->stored, publication);
        return;
    }
    unexpect(intake, publication, expected, now_ms);
    drop_keys_of(intake, publication);
    if (waits)
        publication_list_add(&intake->waiting, publication);
    else
        intake->refused++;
}

void intake_judge(struct intake *intake, struct publication_list *batch, uint64_t now_ms,
                  uint64_t mono_ms)
{
    struct publication_list waiting = intake->waiting;
    drop_old_keys(intake, mono_ms);
    if (intake->settled && waiting.first) {
        list_init(&intake->waiting);
        while (waiting.first)
            judge(intake, publication_list_take(&waiting), now_ms);
    }
    intake->settled = false;
    while (batch->first)
        judge(intake, publication_list_take(batch), now_ms);
}

struct publication *intake_accept(struct intake *intake)
{
    struct publication *publication = publication_list_take(&intake->stored);
    publication_list_add(&intake->accepted, publication);
    return publication;
}

struct publication *intake_refuse(struct intake *intake, enum error error, uint64_t now_ms)
{
    struct publication *publication = publication_list_take(&intake->stored);
    unexpect(intake, publication, publication->count, now_ms);
    drop_keys_of(intake, publication);
    publication->state = PUBLICATION_REFUSED;
    publication->error = error;
    intake->settled = true;
    intake->refused++;
    return publication;
}

void intake_refused(struct intake *intake)
{
    intake->refused--;
}

/* ---- out ---- */

struct publication_line *intake_next(struct intake *intake, const struct event **entry)
{
    for (struct publication *p = intake->accepted.first; p; p = p->next)
        for (size_t i = 0; i < p->count; i++)
            if (!p->lines[i].repeated && !p->lines[i].id) {
                *entry = p->request->lines[i].entry;
                return &p->lines[i];
            }
    return NULL;
}

struct publication *intake_answer(struct intake *intake, uint64_t mono_ms)
{
    struct publication *publication = intake->accepted.first;
    if (!publication)
        return NULL;
    for (size_t i = 0; i < publication->count; i++)
        if (!publication->lines[i].repeated && !publication->lines[i].id)
            return NULL;
    publication_list_take(&intake->accepted);
    for (size_t i = 0; i < publication->count; i++) {
        struct publication_line *line = &publication->lines[i];
        struct intake_key *key =
            line->key < 0 ? NULL
                          : find_key(intake, model_channel(intake->model, line->name), line->key);
        if (key && key->owner == publication && key->id == 0) {
            key->id = line->id;
            key->at_ms = mono_ms;
            intake->settled = true;
        }
        if (key && key->owner == publication)
            line->id = key->id;
    }
    for (size_t i = 0; i < intake->key_count; i++)
        if (intake->keys[i].owner == publication)
            intake->keys[i].owner = NULL;
    return publication;
}
