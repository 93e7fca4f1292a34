/* Answers as a strict client reads them: nothing is guessed, nothing is overlooked. */
#ifndef FRESHET_TESTS_ANSWER_H
#define FRESHET_TESTS_ANSWER_H

#include "base/buf.h"

struct answer {
    int status;
    bool stream;  /* text/event-stream */
    bool closes;  /* Connection: close, or the end of the connection is the body's */
    bool whole;   /* the body is complete */
    bool interim; /* there is an interim answer alone: the final one is still to come */
    struct span head;
    struct buf body; /* decoded, as far as it has come */
};

/* Takes the next final answer off *bytes (interim ones before it are read over), or what has come
 * of it. False where there is none, with *why set if that is for what no client may accept.
 * ended: the connection is; heads: some request may have been HEAD, whose answer has no body.
 * answer_free in any case. */
bool answer_next(struct span *bytes, bool ended, bool heads, struct answer *answer,
                 const char **why);
void answer_free(struct answer *answer);

/* A string member of a JSON body; empty where there is none. Lives until the next call. */
const char *answer_member(const struct answer *answer, const char *name);

#endif
