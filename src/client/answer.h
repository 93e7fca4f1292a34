/* What a hub's answer to a publish means. Pure, any thread. */
#ifndef FRESHET_CLIENT_ANSWER_H
#define FRESHET_CLIENT_ANSWER_H

#include "base/buf.h"

#include <stdint.h>

enum answer_verdict {
    ANSWER_PUBLISHED,
    ANSWER_AGAIN,     /* nothing was published; try again */
    ANSWER_UNSURE,    /* nobody knows; try again */
    ANSWER_KEYS_MANY, /* nothing was published: the hub can remember no more keys */
    ANSWER_TOO_LARGE, /* no line is named: the body as a whole */
    ANSWER_REFUSED,
};

enum { ANSWER_WHY_MAX = 1024, ANSWER_ID_MAX = 64 };

struct answer {
    enum answer_verdict verdict;
    uint64_t line;            /* of the body, from 1, that is refused; 0: none is named */
    char id[ANSWER_ID_MAX];   /* of the last event */
    char why[ANSWER_WHY_MAX]; /* where nothing was published: a sentence without a full stop */
};

/* An answer with this status to a body of `count` events. server: as people know it. content_type
 * may be NULL. */
void answer_read(struct answer *answer, struct span server, long status, const char *content_type,
                 struct span body, uint32_t count);

#endif
