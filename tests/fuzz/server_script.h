/* A script for a hub and its clients: lines of a letter, a digit that names a client, a space and
 * text. A client connects when it is first named, and anew after it has closed.
 *
 *     >0 TEXT   sends TEXT and CRLF         +0 TEXT   sends TEXT alone      n0   sends a LF
 *     *0 9 TEXT sends TEXT 10^3 times (0-9: a table of counts)
 *     -         all that moves comes to rest; until then what is sent is sent as one
 *     e0        shuts its side              c0   closes     x0   resets
 *     d0        reads no more               h0   reads on
 *     t5        time passes (0-9: a table)
 *     w1 2 3    weather: seed, bytes a call at most, how often a socket is not ready (tables)
 *     m1 2      from the so manyth allocation on, so many fail (10 * first digit + second; third)
 *     o1        another hub: a table of settings; only as the first line
 *     s         the hub is told to stop
 *
 * What is no such line is skipped. */
#ifndef FRESHET_TESTS_SERVER_SCRIPT_H
#define FRESHET_TESTS_SERVER_SCRIPT_H

#include "base/span.h"

enum { SCRIPT_CLIENTS = 6 };

struct script_line {
    char verb;       /* 0: none */
    unsigned number; /* the digit, 0 if there is none */
    struct span text;
};

/* Takes the next line off the script; false at its end. */
static inline bool script_next(struct span *script, struct script_line *line)
{
    if (script->n == 0)
        return false;
    struct span rest = span_cut(script, '\n');
    *line = (struct script_line){.verb = rest.n ? rest.p[0] : '\0'};
    if (rest.n > 1 && rest.p[1] >= '0' && rest.p[1] <= '9')
        line->number = (unsigned)(rest.p[1] - '0');
    size_t skipped = rest.n < 3 ? rest.n : 3;
    line->text = (struct span){rest.p + skipped, rest.n - skipped};
    return true;
}

/* The digit at that place of the text, 0 if there is none. */
static inline unsigned script_digit(struct span text, size_t at)
{
    return at < text.n && text.p[at] >= '0' && text.p[at] <= '9' ? (unsigned)(text.p[at] - '0') : 0;
}

#endif
