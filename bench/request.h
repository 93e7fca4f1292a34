/* Requests as the generator writes them. */
#ifndef FRESHET_BENCH_REQUEST_H
#define FRESHET_BENCH_REQUEST_H

#include "options.h"

#include "base/buf.h"

/* A nonblocking socket on its way to the hub, and -1 with errno if the system gives none. */
int request_connect(const struct options *options);

/* A template with each %d replaced by the channel's number, to the end of out. */
void request_target(struct buf *out, const char *target, uint32_t channel);

/* GET for a stream on per_stream channels from `first`, round the ring; position 0 is none. */
void request_subscribe(struct buf *out, const struct options *options, uint32_t first,
                       uint64_t position);

/* The head of a POST with the size of the data. */
void request_publish(struct buf *out, const struct options *options, uint32_t channel);

#endif
