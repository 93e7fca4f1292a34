/* Standard output of a verb that runs long: bytes are collected and written at once, and a reader
 * that is slow holds the verb up, but not its end: writing gives up when the verb is asked to stop
 * or its time is over. One thread. */
#ifndef FRESHET_CLI_OUT_H
#define FRESHET_CLI_OUT_H

#include "base/buf.h"

#include <stdint.h>

enum out_state {
    OUT_GOING,
    OUT_STOPPED, /* asked to, or the time is over */
    OUT_UNREAD,  /* nobody reads it any more */
    OUT_FAILED,  /* errno tells why */
};

struct out {
    struct buf bytes; /* to be written */
    int stop;         /* readable when it is time to end */
    uint64_t until;   /* monotonic ms; 0: no limit */
};

void out_init(struct out *out, int stop, uint64_t until);
void out_fini(struct out *out);

/* Writes all that was collected. After anything but OUT_GOING the rest is dropped. */
enum out_state out_flush(struct out *out);

/* How it stands, without writing: the reader may be gone although there is nothing to write. */
enum out_state out_look(const struct out *out);

#endif
