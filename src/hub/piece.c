/* Pieces: one allocation. */
#include "hub/piece.h"

#include <stdlib.h>

struct piece *piece_new(uint32_t count, size_t names)
{
    struct piece *piece =
        calloc(1, sizeof *piece + count * sizeof(struct event *) +
                      names * (sizeof *piece->trimmed_to + sizeof *piece->deleted));
    if (piece && names) {
        piece->trimmed_to = (uint64_t *)(void *)(piece->events + count);
        piece->deleted = (bool *)(piece->trimmed_to + names);
    }
    return piece;
}

void piece_free(struct piece *piece)
{
    if (!piece)
        return;
    for (uint32_t i = 0; i < piece->count; i++)
        event_unref(piece->events[i]);
    free(piece);
}
