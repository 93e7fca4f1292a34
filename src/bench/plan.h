/* What one run does, as the command line says it and the preset fills it in. */
#ifndef FRESHET_BENCH_PLAN_H
#define FRESHET_BENCH_PLAN_H

#include "bench/layout.h"
#include "bench/target.h"

#include "base/options.h"

#include <sys/types.h>

enum { REQUEST_MAX = 1 << 30 };

enum plan_when {
    WHEN_LIVE,   /* subscribe, then publish */
    WHEN_RETURN, /* subscribe, leave, publish, and come back with the position, all at once */
    WHEN_AFTER   /* publish, then subscribe */
};

/* How a kind of hub is talked to. Texts are templates: see template.h. */
struct hub {
    const char *name;
    const char *subscribe_path;
    const char *subscribe_several; /* where a stream has several channels; NULL: the same */
    const char *subscribe_oldest;  /* from the oldest event on; NULL: as it is */
    const char *subscribe_more;    /* appended for each further channel */
    const char *publish_path;
    const char *publish_type;
    const char *publish_body;
    const char *publish_header; /* with the token, where there is one */
    bool opens_with_block;      /* an open stream begins with an id; else with the head */
    bool ordered_ids;           /* Freshet's */
};

extern const struct hub hubs[];

/* For how events are published in batches: Freshet's lines, with the channel in the path where
 * there is but one. */
extern const struct hub hub_batches[2];

struct plan {
    /* Read by the rows. */
    unsigned hub_kind, when;
    uint64_t subscribers, stuck, channels, per_stream, stride, events, size, rate, publishers,
        batch, at_once, processes, settle_ms, patience_ms, time_limit_ms;
    const char *channel, *subscribe_path, *subscribe_more, *publish_path, *publish_method,
        *publish_type, *publish_body, *event_data, *token;
    struct option_texts subscribe_headers, publish_headers, source_texts, pid_texts;
    bool json;

    /* Made of them. */
    const struct hub *hub;
    const char *url, *prefix, *publish_prefix; /* paths in front of the others */
    struct target target, publish_target;
    struct sources sources;
    struct layout layout;
    uint64_t first;   /* events published live before everyone leaves, of WHEN_RETURN */
    uint64_t streams; /* that read, and stuck ones */
    pid_t pids[OPTION_TEXTS_MAX];
    size_t pid_count;
};

extern const struct option_row plan_rows[];
extern const size_t plan_row_count;

/* Completes a plan whose fields are read: presets, addresses, processes. False with options->why.
 */
bool plan_complete(struct plan *plan, const char *url, struct options *options);

#endif
