/* The lines of a file, a pipe or a terminal, as they come. LF ends a line, a CR before it belongs
 * to the end; what stands behind the last LF is a line too. Knows nothing of what they mean. One
 * thread. */
#ifndef FRESHET_CLI_LINES_H
#define FRESHET_CLI_LINES_H

#include "base/buf.h"

#include <stdint.h>

enum { LINE_MAX_BYTES = 64 << 20 };

struct lines {
    int fd;
    bool regular;   /* a file, which is always readable and whose size is known */
    bool ended;     /* nothing more will be read */
    uint64_t size;  /* of a file, from where it is read; at first */
    uint64_t taken; /* lines */
    uint64_t read;  /* bytes of them */
    struct buf bytes;
    size_t at, seen; /* in bytes: the next line, and up to where it has no LF */
};

/* The descriptor is the caller's. NULL, or why it cannot be read: a static text. */
const char *lines_init(struct lines *lines, int fd);
void lines_fini(struct lines *lines);

/* The next line, without its end; it lives until lines_read. False: there is none yet, or none any
 * more. */
bool lines_peek(struct lines *lines, struct span *line);

/* The line that lines_peek gave is done with; its number is then `taken`. */
void lines_take(struct lines *lines);

/* lines_read would not wait. */
bool lines_are_ready(const struct lines *lines);

/* Reads some; waits where nothing is there. NULL, or what went wrong. */
const char *lines_read(struct lines *lines);

#endif
