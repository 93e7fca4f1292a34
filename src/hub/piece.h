/* A piece of history: what the log answers to a subscription that opens or catches up, all read in
 * one step. Made by the log, then owned by the subscription. */
#ifndef FRESHET_HUB_PIECE_H
#define FRESHET_HUB_PIECE_H

#include "hub/event.h"

struct piece {
    uint64_t start; /* where the stream starts; the cursor that was asked about when it is open */
    uint64_t head;  /* the log's newest id: all later entries are sent to this worker */
    uint64_t complete_to; /* everything up to here is in the piece */
    bool unknown;         /* the position that was given is no id or ahead of the log */
    uint32_t count;
    uint64_t *trimmed_to; /* for each name of the selection the newest id dropped there; NULL: none
                             after start */
    bool *deleted;        /* beside it: that one went because its channel was deleted */
    struct event *events[];
};

/* With room for `count` events and, if wanted, `names` zeroed trimmed_to and deleted. NULL where
 * there is no memory. */
struct piece *piece_new(uint32_t count, size_t names);

/* Drops the references to the events and frees it; NULL is allowed. */
void piece_free(struct piece *piece);

#endif
