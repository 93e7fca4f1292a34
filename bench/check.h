/* The account of every delivery: each stream must see each event of its channels once and in order.
 * A late event within the newest 64 of its channel is told apart from a repeated one. */
#ifndef FRESHET_BENCH_CHECK_H
#define FRESHET_BENCH_CHECK_H

#include "histogram.h"
#include "stream.h"

/* How far one stream has come in one channel. */
struct check_cursor {
    uint64_t seen; /* bit i: the event `next - 1 - i` has come */
    uint32_t next; /* the sequence after the greatest that has come */
};

struct check {
    uint64_t delivered;  /* events that came, of whatever kind */
    uint64_t reached;    /* the sum of all cursors' `next`: those that came or were passed over */
    uint64_t lost;       /* passed over; after check_finish also those missing at the end */
    uint64_t repeated;   /* came before */
    uint64_t disordered; /* came after a later one, or with an id that does not rise */
    uint64_t damaged;    /* came with other data than was published */
    uint64_t strayed;    /* of a channel that the stream did not ask for */
    uint64_t newest_ns;  /* when the newest came */
    uint64_t since_ns;   /* latency is counted from here where publishing was earlier */
    struct histogram latency;

    uint32_t channels;   /* in all */
    uint32_t per_stream; /* channels of one stream, neighbours in the ring of all */
    uint32_t stride;     /* from one stream's first channel to the next one's */
    uint64_t events;     /* published in all: event n goes to channel n % channels */
    size_t streams;
    struct check_cursor *cursors; /* per_stream for each stream */
};

/* channels, per_stream, stride, events and streams are set, the rest is zero. */
void check_init(struct check *check);
void check_fini(struct check *check);

/* The first channel of a stream; its others follow, round the ring. */
uint32_t check_first_channel(const struct check *check, size_t stream);

/* How many deliveries there must be in all. */
uint64_t check_expected(const struct check *check);

/* Stream number `stream` got an event at now_ns. */
void check_take(struct check *check, size_t stream, const struct stream_event *event,
                uint64_t now_ns);

/* After the last delivery: counts what never came. */
void check_finish(struct check *check);

/* Nothing lost, repeated, disordered, damaged or strayed. */
bool check_clean(const struct check *check);

#endif
