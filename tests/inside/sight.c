/* Reading streams. */
#include "sight.h"

#include "base/check.h"
#include "base/id.h"
#include "sse/parse.h"

#include <jansson.h>
#include <stdio.h>

enum { LINE_MAX_BYTES = 32 << 20, MANY = 64 << 20 };

void sight_init(struct sight *sight, const char *const *names)
{
    *sight = (struct sight){0};
    for (size_t i = 0; names && names[i]; i++) {
        CHECK(i < SIGHT_NAMES_MAX);
        sight->names[i] = names[i];
    }
    buf_init(&sight->ids, MANY);
    buf_init(&sight->gaps, MANY);
}

void sight_fini(struct sight *sight)
{
    buf_fini(&sight->ids);
    buf_fini(&sight->gaps);
}

static void wrong(struct sight *sight, const char *why)
{
    if (!sight->why)
        sight->why = why;
}

/* ---- names ---- */

static bool meets(const char *name, const char *channel)
{
    size_t n = strlen(name);
    if (n && name[n - 1] == '*')
        return channel[0] != '@' && strncmp(name, channel, n - 1) == 0;
    return strcmp(name, channel) == 0;
}

/* The bits of the names that meet the channel. */
static uint32_t names_of(const struct sight *sight, const char *channel)
{
    uint32_t names = 0;
    for (unsigned i = 0; sight->names[i]; i++)
        names |= meets(sight->names[i], channel) ? 1u << i : 0;
    return names;
}

/* ---- what is owed ---- */

static bool is_told(const struct sight *sight, const struct journal_entry *entry, uint32_t names)
{
    for (size_t i = 0; i < sight_gaps(sight); i++) {
        const struct gap_notice *gap = sight_gap(sight, i);
        if (gap->after < entry->id && entry->id <= gap->until && (gap->names & names))
            return true;
    }
    return false;
}

const struct journal_entry *sight_owed(const struct sight *sight, uint64_t up_to)
{
    if (!sight->stands)
        return NULL;
    for (size_t i = journal_count(); i-- > 0;) {
        const struct journal_entry *entry = journal_at(i);
        if (entry->id <= sight->position)
            return NULL;
        uint32_t names = names_of(sight, entry->channel);
        if (entry->id <= up_to && names && !is_told(sight, entry, names))
            return entry;
    }
    return NULL;
}

static void move_to(struct sight *sight, uint64_t id, uint64_t settled)
{
    if (sight->stands && sight_owed(sight, settled))
        wrong(sight, "an event is missing, and no gap was told before a later id");
    if (!sight->stands)
        sight->start = id;
    sight->stands = true;
    sight->position = id;
}

/* ---- notices ---- */

static bool read_id(const json_t *value, uint64_t *id)
{
    const char *text = json_string_value(value);
    return text && id_parse(span_from(text), id) == OK;
}

static bool read_names(const struct sight *sight, const json_t *channels, struct gap_notice *gap)
{
    size_t count = json_array_size(channels);
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(channels, i));
        unsigned at = 0;
        while (name && sight->names[at] && strcmp(sight->names[at], name) != 0)
            at++;
        if (!name || (sight->names[0] && !sight->names[at]))
            return false;
        gap->names |= sight->names[0] ? 1u << at : 0;
    }
    return count > 0;
}

static void read_gap(struct sight *sight, struct span data)
{
    static const char *const reasons[] = {"trimmed", "slow", "unknown", "lost"};
    json_t *notice = json_loadb(data.p, data.n, JSON_REJECT_DUPLICATES, NULL);
    struct gap_notice gap = {0};
    const json_t *after = json_object_get(notice, "after");
    const char *reason = json_string_value(json_object_get(notice, "reason"));
    snprintf(gap.reason, sizeof gap.reason, "%s", reason ? reason : "");
    bool known = false;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        known |= strcmp(gap.reason, reasons[i]) == 0;
    bool unknown = strcmp(gap.reason, "unknown") == 0;
    if (!known || !read_id(json_object_get(notice, "until"), &gap.until) ||
        !(unknown ? json_is_null(after) : read_id(after, &gap.after)) ||
        !read_names(sight, json_object_get(notice, "channels"), &gap))
        wrong(sight, "a gap's notice is not well made");
    else if (gap.after >= gap.until)
        wrong(sight, "a gap ends before it begins");
    json_decref(notice);
    CHECK(buf_append(&sight->gaps, &gap, sizeof gap) == OK);
}

/* ---- events ---- */

static bool is_plain(const struct journal_entry *entry, struct span data)
{
    return span_equal(data, (struct span){entry->data, entry->data_length});
}

static bool is_text_of(const json_t *value, const char *text)
{
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* What was published as JSON is embedded byte for byte, its line breaks as spaces: it is cut out
 * before the rest is read. */
static bool is_envelope(const struct journal_entry *entry, struct span data)
{
    size_t n = entry->data_length;
    const char *raw = data.n > n + 1 ? data.p + data.n - 1 - n : NULL;
    struct buf rest;
    bool embedded = raw && raw[-1] == ':';
    for (size_t i = 0; embedded && i < n; i++)
        embedded = raw[i] == (entry->data[i] == '\n' ? ' ' : entry->data[i]);
    buf_init(&rest, MANY);
    CHECK(buf_append(&rest, data.p, embedded ? (size_t)(raw - data.p) : data.n) == OK);
    CHECK(!embedded || buf_append(&rest, "null}", 5) == OK);
    json_t *read = json_loadb(rest.data, rest.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    const json_t *type = json_object_get(read, "event"), *value = json_object_get(read, "data");
    bool same = is_text_of(json_object_get(read, "id"), id_text(entry->id).text) &&
                is_text_of(json_object_get(read, "channel"), entry->channel) &&
                (is_text_of(type, entry->type) ||
                 (json_is_null(type) && strcmp(entry->type, "message") == 0)) &&
                (embedded || (json_string_length(value) == n &&
                              memcmp(json_string_value(value), entry->data, n) == 0));
    json_decref(read);
    buf_fini(&rest);
    return same;
}

static bool is_as_published(const struct sight *sight, const struct journal_entry *entry,
                            const struct sse_event *event)
{
    return span_equal(event->type, span_from(entry->type)) &&
           ((sight->form != SIGHT_ENVELOPE && is_plain(entry, event->data)) ||
            (sight->form != SIGHT_PLAIN && is_envelope(entry, event->data)));
}

/* ---- what the parser tells ---- */

static void see_position(void *context, struct span text);

static void see_event(void *context, const struct sse_event *event)
{
    struct sight *sight = context;
    uint64_t id;
    if (span_equal(event->type, SPAN("freshet.gap"))) {
        read_gap(sight, event->data);
        return;
    }
    if (span_equal(event->type, SPAN("freshet.open"))) {
        sight->greeted++;
        see_position(sight, event->id);
        return;
    }
    if (span_starts(event->type, SPAN("freshet."))) {
        sight->busy += span_equal(event->type, SPAN("freshet.busy"));
        return;
    }
    if (id_parse(event->id, &id) != OK) {
        wrong(sight, "an event's id is none");
        return;
    }
    if (sight->stands && id <= sight->position) {
        wrong(sight, "ids do not rise");
        return;
    }
    const struct journal_entry *entry = journal_find(id);
    if (!entry)
        wrong(sight, "an event that nobody published");
    else if (!is_as_published(sight, entry, event))
        wrong(sight, "an event is not as it was published");
    else if (sight->names[0] && !names_of(sight, entry->channel))
        wrong(sight, "an event of another channel");
    move_to(sight, id, id - 1);
    CHECK(buf_append(&sight->ids, &id, sizeof id) == OK);
}

static void see_position(void *context, struct span text)
{
    struct sight *sight = context;
    uint64_t id;
    if (id_parse(text, &id) != OK)
        wrong(sight, "a position is no id");
    else if (sight->stands && id < sight->position)
        wrong(sight, "a position goes back");
    else
        move_to(sight, id, id);
}

static void see_retry(void *context, uint64_t ms)
{
    ((struct sight *)context)->retry = ms;
}

void sight_read(struct sight *sight, struct span body)
{
    static const struct sse_handler handler = {see_event, see_position, see_retry, NULL};
    struct sse_parser *parser = sse_parser_new(&handler, sight, LINE_MAX_BYTES);
    CHECK(parser);
    CHECK(sse_parser_feed(parser, body) == OK);
    sse_parser_free(parser);
}
