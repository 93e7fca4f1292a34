/* Selections: one allocation of the table and the names behind it. */
#include "hub/selection.h"

#include "base/check.h"
#include "base/hash.h"

#include <stdlib.h>

struct selection *selection_new(const struct span *names, size_t count, struct span client_id,
                                bool client_given)
{
    CHECK(count >= 1 && count <= SELECTION_MAX);
    size_t total = count + 1, bytes = client_id.n + 1;
    for (size_t i = 0; i < count; i++)
        bytes += names[i].n;
    size_t table = sizeof(struct selection) + total * sizeof(struct selected);
    struct selection *selection = malloc(table + bytes);
    if (!selection)
        return NULL;
    *selection =
        (struct selection){.references = 1, .count = (uint16_t)total, .client_given = client_given};
    char *base = (char *)selection;
    size_t offset = table;
    for (size_t i = 0; i < total; i++) {
        struct span name = i < count ? names[i] : client_id;
        struct selected *selected = &selection->names[i];
        selected->prefix = i < count && name.n > 0 && name.p[name.n - 1] == '*';
        selection->prefixes |= selected->prefix;
        selected->offset = (uint32_t)offset;
        if (i == count)
            base[offset++] = '@';
        size_t n = name.n - selected->prefix;
        memcpy(base + offset, name.p, n);
        offset += n;
        selected->length = (uint16_t)(offset - selected->offset);
        selected->hash = hash_bytes(base + selected->offset, selected->length);
    }
    return selection;
}

struct selection *selection_ref(struct selection *selection)
{
    atomic_fetch_add_explicit(&selection->references, 1, memory_order_relaxed);
    return selection;
}

void selection_unref(struct selection *selection)
{
    if (atomic_fetch_sub_explicit(&selection->references, 1, memory_order_acq_rel) == 1)
        free(selection);
}

struct span selection_name(const struct selection *selection, size_t i)
{
    const struct selected *selected = &selection->names[i];
    return (struct span){(const char *)selection + selected->offset, selected->length};
}

bool selection_holds(const struct selection *selection, const struct event *event)
{
    struct span channel = event_channel(event);
    for (size_t i = 0; i < selection->count; i++) {
        const struct selected *selected = &selection->names[i];
        struct span name = selection_name(selection, i);
        if (selected->prefix ? channel.p[0] != '@' && span_starts(channel, name)
                             : selected->hash == event->hash && span_equal(channel, name))
            return true;
    }
    return false;
}
