/* The data of a published event, one line of text that says what the receiver must check:
 *
 *     bench CCCCCCCC SSSSSSSSSS TTTTTTTTTTTTTTTTTTT abcdefgh…
 *
 * channel, sequence in the channel and time of publishing in nanoseconds, decimal with leading
 * zeros; then padding up to the size, which is the same in every event. A hub may hand it on within
 * text of its own, the same around every event. Pure. */
#ifndef FRESHET_BENCH_PAYLOAD_H
#define FRESHET_BENCH_PAYLOAD_H

#include "base/span.h"

#include <stdint.h>

enum {
    PAYLOAD_FRONT = 46,
    PAYLOAD_BEFORE_MAX = 72, /* bytes of the hub's own text before it */
    PAYLOAD_CHANNELS_MAX = 100000000
};

struct payload {
    char *whole; /* as it is received: the hub's text, the data, the hub's text */
    size_t whole_size;
    char *data;        /* within `whole`; the padding behind the front never changes */
    size_t size;       /* of the data: at least PAYLOAD_FRONT */
    uint64_t since_ns; /* what was sent before is an earlier run's, and still kept; 0: nothing is */
};

struct payload_front {
    uint32_t channel;
    uint32_t sequence;
    uint64_t sent_ns;
};

/* before has at most PAYLOAD_BEFORE_MAX bytes. */
void payload_init(struct payload *payload, size_t size, struct span before, struct span after);
void payload_fini(struct payload *payload);

static inline struct span payload_span(const struct payload *payload)
{
    return (struct span){payload->data, payload->size};
}

/* Writes the front into payload->data. */
void payload_write(struct payload *payload, struct payload_front front);

/* Reads the front of what was received; false if it is none, or not all of it is there. */
bool payload_read(const struct payload *payload, struct span received, struct payload_front *front);

/* Whether these bytes, which stand at `offset` of what was received, are what must stand there. The
 * front may hold anything; what lies behind the end is wrong. */
bool payload_matches(const struct payload *payload, size_t offset, struct span bytes);

#endif
