/* Reading one subscriber's HTTP answer and the events in it, in pieces of any size, with little
 * memory and mostly no copy of the data: lines that end in LF, CR or both, and blocks. Of other
 * events than the generator's only the type is looked at. It knows no sockets. For every rule of
 * the format there is sse/parse.h. */
#ifndef FRESHET_BENCH_READER_H
#define FRESHET_BENCH_READER_H

#include "bench/answer.h"
#include "bench/payload.h"

/* What is kept of a line that has not all come: `data: `, a hub's text, and a payload's front. */
enum { READER_LINE_FRONT = 6 + PAYLOAD_BEFORE_MAX + PAYLOAD_FRONT, READER_ID_MAX = 100 };

struct reader {
    uint64_t position; /* the id of the newest block that had one, where ids are ordered */
    uint64_t block_id; /* of the block under way; 0 if it has none yet */
    char *id;          /* the newest id as text, where texts are kept; NULL: none */
    char *block_text;  /* that of the block under way */
    struct payload_front block_front;
    uint32_t line_length; /* bytes of the line under way that have come */
    struct answer answer;
    bool open;     /* the subscription stands */
    bool damaged;  /* the line under way does not hold what it should */
    bool after_cr; /* a LF that comes next belongs to the line before */
    char line_end; /* the one that lines have ended in */
    uint8_t block_type;
    uint8_t block_data;
    char line[READER_LINE_FRONT];
};

enum reader_notice {
    READER_OPENED,  /* the subscription stands */
    READER_EVENT,   /* one of the generator's events: see struct reader_event */
    READER_FOREIGN, /* another event with data */
    READER_GAP,     /* freshet.gap: the hub says that something is missing */
    READER_BUSY,    /* freshet.busy: the hub cannot take this subscriber */
    READER_REFUSED  /* a status other than 200: reader->answer.status */
};

struct reader_event {
    struct payload_front front;
    bool rising;  /* its id is greater than all before on this stream, where ids are ordered */
    bool damaged; /* the data is not as long, or not the same, as it was published */
};

/* What every reader of a run shares. */
struct reader_rules {
    const struct payload *payload; /* what was published, for comparing the padding */
    bool opens_with_block; /* open means the first block with an id or data; else the head */
    bool ordered_ids;      /* ids are Freshet's, and must rise */
    bool keeps_ids;        /* as text, to come back with */
    /* event is NULL but for READER_EVENT. Called within reader_feed. */
    void (*notice)(void *context, struct reader *reader, enum reader_notice notice,
                   const struct reader_event *event);
    void *context;
};

/* Ready for a new answer; the position and the id are kept, so that ids are checked over
 * reconnects. A zeroed reader is one that was never used. */
void reader_restart(struct reader *reader);
void reader_fini(struct reader *reader);

/* Takes the next bytes. False when the answer has ended, was refused, or is none; nothing more is
 * wanted of it then. */
bool reader_feed(struct reader *reader, const struct reader_rules *rules, struct span bytes);

#endif
