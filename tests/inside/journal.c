/* The journal. An event's type and data are read from its frame. */
#include "journal.h"

#include "base/check.h"
#include "engine/tail.h"
#include "shortage.h"
#include "sse/parse.h"

#include <stdlib.h>

static struct {
    struct journal_entry *entries;
    size_t count, capacity;
} journal;

void __real_tail_append(struct tail *tail, struct channel *channel, struct event *event,
                        uint64_t now_ms);
void __wrap_tail_append(struct tail *tail, struct channel *channel, struct event *event,
                        uint64_t now_ms);

static char *copy(struct span text)
{
    char *bytes = malloc(text.n + 1);
    CHECK(bytes);
    if (text.n)
        memcpy(bytes, text.p, text.n);
    bytes[text.n] = '\0';
    return bytes;
}

static void take(void *context, const struct sse_event *event)
{
    struct journal_entry *entry = context;
    CHECK(!entry->type);
    entry->type = copy(event->type);
    entry->data = copy(event->data);
    entry->data_length = event->data.n;
}

static void note(const struct event *event)
{
    static const struct sse_handler handler = {.event = take};
    if (journal.count == journal.capacity) {
        journal.capacity = journal.capacity ? journal.capacity * 2 : 64;
        journal.entries = realloc(journal.entries, journal.capacity * sizeof(struct journal_entry));
        CHECK(journal.entries);
    }
    struct journal_entry *entry = &journal.entries[journal.count++];
    CHECK(journal.count == 1 || entry[-1].id < event->id);
    *entry = (struct journal_entry){.id = event->id, .channel = copy(event_channel(event))};
    struct sse_parser *parser = sse_parser_new(&handler, entry, 16 << 20);
    CHECK(parser && sse_parser_feed(parser, event_frame(event)) == OK && entry->type);
    sse_parser_free(parser);
}

void __wrap_tail_append(struct tail *tail, struct channel *channel, struct event *event,
                        uint64_t now_ms)
{
    shortage_inside(false);
    note(event);
    shortage_inside(true);
    __real_tail_append(tail, channel, event, now_ms);
}

void journal_clear(void)
{
    for (size_t i = 0; i < journal.count; i++) {
        free(journal.entries[i].channel);
        free(journal.entries[i].type);
        free(journal.entries[i].data);
    }
    free(journal.entries);
    memset(&journal, 0, sizeof journal);
}

size_t journal_count(void)
{
    return journal.count;
}

const struct journal_entry *journal_at(size_t i)
{
    return &journal.entries[i];
}

const struct journal_entry *journal_find(uint64_t id)
{
    size_t low = 0, high = journal.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (journal.entries[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < journal.count && journal.entries[low].id == id ? &journal.entries[low] : NULL;
}
