/* From lines to a hub: the heart of `freshet pub`. What is readable is sent at once, as one batch;
 * while that is under way the next lines gather, up to one batch more. Says on standard error what
 * a user has to know, and shows progress. One thread. */
#ifndef FRESHET_CLI_FEED_H
#define FRESHET_CLI_FEED_H

#include "cli/lines.h"
#include "client/publish.h"

struct feed_options {
    struct publish_options publish;
    struct batch_format format;
    struct span data;    /* one event, where there are no lines */
    struct lines *lines; /* NULL: data it is */
    uint64_t from_line;  /* lines before it are passed over */
    bool print_id;
};

/* Publishes all; the exit status. */
int feed_run(const struct feed_options *options);

#endif
