/* Reading one HTTP/1.x answer, in pieces of any size: its head, then its body however that is
 * framed, by chunks, by a length, or by the end of the connection. Bytes in, pieces of the body
 * out; keeps no copy of them. Lenient where a browser is: what matters is that hubs are understood.
 */
#ifndef FRESHET_BENCH_ANSWER_H
#define FRESHET_BENCH_ANSWER_H

#include "base/span.h"

#include <stdint.h>

enum { ANSWER_LINE_FRONT = 48 };

struct answer {
    uint64_t left;   /* bytes of the body or the chunk still to come */
    uint16_t status; /* 0 before it is known */
    uint8_t state;
    bool chunked;
    bool sized;
    bool keeps;                   /* the connection is good for another request */
    uint8_t line_length;          /* of the line of the head under way, up to what is kept */
    char line[ANSWER_LINE_FRONT]; /* its front: all that is looked at */
};

/* Ready for a new answer. */
void answer_init(struct answer *answer);

/* Takes bytes from the front and returns how many: at least one, but none of what follows the
 * answer. *body is the piece of the body among them, which may be empty. Not to be called when the
 * answer is over. */
size_t answer_feed(struct answer *answer, struct span bytes, struct span *body);

/* The head is read, and it is no interim one (1xx). */
bool answer_has_head(const struct answer *answer);

/* Nothing more belongs to it: it is whole, or broken. */
bool answer_is_over(const struct answer *answer);

/* What came is no answer. */
bool answer_is_broken(const struct answer *answer);

/* The other side has closed the connection. True if the answer is whole by that. */
bool answer_close(struct answer *answer);

#endif
