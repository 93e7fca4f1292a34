/* How `freshet sub` shows events. A pipe gets exactly what was sent; a terminal gets columns,
 * colours, and no control characters of strangers. One thread. */
#ifndef FRESHET_CLI_SUB_PRINT_H
#define FRESHET_CLI_SUB_PRINT_H

#include "base/buf.h"
#include "sse/parse.h"

enum sub_form {
    SUB_DATA, /* the data and a line break; columns on a terminal */
    SUB_JSON, /* {"id":…,"event":…,"data":…}, one event a line */
    SUB_RAW,  /* the stream's bytes; events are not printed beside them */
};

struct sub_print {
    enum sub_form form;
    bool terminal;
    bool colours;
    bool ids;       /* a terminal wide enough for a column of ids */
    bool enveloped; /* data are the hub's envelopes, to be opened for a column of channels */
    size_t id_width, channel_width, type_width; /* of the widest yet */
    struct buf channel, data;                   /* out of the envelope */
};

/* By what standard output is. */
void sub_print_init(struct sub_print *print, enum sub_form form, bool enveloped);
/* A channel that will come, so that its column is wide enough from the first line. */
void sub_print_expect(struct sub_print *print, struct span channel);
void sub_print_fini(struct sub_print *print);

/* Whether a column of channels is worth an envelope: on a terminal, for data. */
bool sub_print_wants_envelope(enum sub_form form);

/* Errors of buf; out may then hold a part. */
enum error sub_print_event(struct sub_print *print, const struct sse_event *event, struct buf *out);
enum error sub_print_bytes(const struct sub_print *print, struct span bytes, struct buf *out);

#endif
