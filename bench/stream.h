/* Reading one subscriber's HTTP answer and the events in it, in pieces of any size, with little
 * memory and no copy of the data: head, chunks, lines, blocks. It understands what a hub writes
 * (lines end in LF) and knows no sockets. For every rule of the format there is sse/parse.h. */
#ifndef FRESHET_BENCH_STREAM_H
#define FRESHET_BENCH_STREAM_H

#include "payload.h"

#include "base/span.h"

/* The longest front of a line that anything looks at: `data: ` and a payload's front. */
enum { STREAM_LINE_FRONT = 6 + PAYLOAD_FRONT };

struct stream {
    uint64_t position; /* the id of the newest block that had one; 0 before */
    uint64_t block_id; /* of the block under way; 0 if it has none yet */
    struct payload_front block_front;
    uint32_t chunk_left;  /* bytes of the chunk still to come */
    uint32_t line_length; /* bytes of the line under way that have come */
    uint16_t status;      /* of the answer; 0 before it is known */
    uint8_t framing;
    bool chunked;
    bool open;    /* the first block has come: the subscription stands */
    bool damaged; /* the line under way does not hold the padding it should */
    uint8_t block_type;
    uint8_t block_data;
    char line[STREAM_LINE_FRONT];
};

enum stream_notice {
    STREAM_OPENED, /* the opening block is read */
    STREAM_EVENT,  /* one of the generator's events: see struct stream_event */
    STREAM_GAP,    /* freshet.gap: the hub says that something is missing */
    STREAM_BUSY,   /* freshet.busy: the hub cannot take this subscriber */
    STREAM_REFUSED /* a status other than 200: stream->status */
};

struct stream_event {
    struct payload_front front;
    bool rising;  /* its id is greater than all before on this stream */
    bool damaged; /* the data is not as long, or not the same, as it was published */
};

/* What every stream of a run shares. */
struct stream_rules {
    const struct payload *payload; /* what was published, for comparing the padding */
    /* event is NULL but for STREAM_EVENT. Called within stream_feed. */
    void (*notice)(void *context, struct stream *stream, enum stream_notice notice,
                   const struct stream_event *event);
    void *context;
};

/* Ready for a new answer; the position is kept, so that ids are checked over reconnects. */
void stream_restart(struct stream *stream);

/* Takes the next bytes. False when the answer has ended, was refused, or is none; nothing more is
 * wanted of it then. */
bool stream_feed(struct stream *stream, const struct stream_rules *rules, struct span bytes);

#endif
