/* Requests as the generator writes them. Pure. */
#ifndef FRESHET_BENCH_REQUESTS_H
#define FRESHET_BENCH_REQUESTS_H

#include "bench/payload.h"
#include "bench/plan.h"

/* GET for a stream on its channels from `first`, round the ring; id NULL is none. */
void request_subscribe(struct buf *out, const struct plan *plan, uint32_t first, const char *id);

/* Appends one event to the body of a publish. */
void request_add_event(struct buf *body, const struct plan *plan, uint32_t channel,
                       const struct payload *payload);

/* The whole request that publishes such a body; the channel is the first event's. */
void request_publish(struct buf *out, const struct plan *plan, uint32_t channel,
                     const struct buf *body);

#endif
