/* What a subscription needs that is not live: what it asks the log for, the piece that it has got,
 * and the losses that have to be told. Made when it opens or falls behind, and gone when it is
 * live, so that an idle one is small. One thread: the worker's. */
#ifndef FRESHET_HUB_CATCH_UP_H
#define FRESHET_HUB_CATCH_UP_H

#include "hub/piece.h"
#include "hub/selection.h"

enum gap_reason { GAP_TRIMMED, GAP_SLOW, GAP_UNKNOWN, GAP_REASONS };

/* What has to be told before the cursor goes on. */
struct gap {
    struct gap *following;
    uint64_t after; /* not for GAP_UNKNOWN */
    uint64_t until;
    enum gap_reason reason;
    uint8_t names[(SELECTION_MAX + 1 + 7) / 8]; /* a bit for each name of the selection */
};

struct catch_up {
    struct selection *selection;
    struct piece *piece;
    struct gap *gap;
    void *asked;           /* the owner's, while a piece is on its way */
    uint64_t replay_to;    /* the log's head when it opened: what is older is replayed */
    uint64_t client_floor; /* of the client's own channel, which is watched before it has a window;
                              UINT64_MAX: the head of the next piece */
    uint32_t taken;        /* events of the piece that are written */
    uint64_t told[];       /* for each name: losses up to here were told, or cannot have been */
};

/* Takes the selection over. NULL where there is no memory, or no selection. */
struct catch_up *catch_up_new(struct selection *selection);
/* With all that it holds; NULL is nothing. */
void catch_up_free(struct catch_up *catch_up);

/* Takes the piece, which is the first (opening) or begins where the reader stands, and notes the
 * gaps that it tells of. False where there is no memory for them. */
bool catch_up_take(struct catch_up *catch_up, struct piece *piece, bool opening);
/* Done with the piece. */
void catch_up_drop_piece(struct catch_up *catch_up);

/* The first gap is told. */
void catch_up_told(struct catch_up *catch_up);

/* It knows nothing that lies beyond this id. */
uint64_t catch_up_end(const struct catch_up *catch_up);

const char *gap_reason_name(enum gap_reason reason);

#endif
