/* The data of a published event, one line of text that says what the receiver must check:
 *
 *     bench CCCCCCCC SSSSSSSSSS TTTTTTTTTTTTTTTTTTT abcdefgh…
 *
 * channel, sequence in the channel and time of publishing in nanoseconds, decimal with leading
 * zeros; then padding up to the size, which is the same in every event. Pure. */
#ifndef FRESHET_BENCH_PAYLOAD_H
#define FRESHET_BENCH_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PAYLOAD_FRONT = 46, PAYLOAD_CHANNELS_MAX = 100000000 };

struct payload {
    size_t size; /* at least PAYLOAD_FRONT */
    char *bytes; /* `size` of them; the padding behind the front never changes */
};

struct payload_front {
    uint32_t channel;
    uint32_t sequence;
    uint64_t sent_ns;
};

void payload_init(struct payload *payload, size_t size);
void payload_fini(struct payload *payload);

/* Writes the front into payload->bytes. */
void payload_write(struct payload *payload, struct payload_front front);

/* Reads PAYLOAD_FRONT bytes; false if they are no front. */
bool payload_read(const char *bytes, struct payload_front *front);

/* Whether n bytes, which stand at `offset` of a received payload, are the padding there. What lies
 * in the front is not looked at; what lies behind the end is wrong. */
bool payload_matches(const struct payload *payload, size_t offset, const char *bytes, size_t n);

#endif
