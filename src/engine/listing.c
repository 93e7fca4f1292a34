/* The list of channels, as far as the log knows it. */
#include "engine/listing.h"

#include "base/check.h"
#include "engine/log.h"

#include <stdlib.h>

enum { LIST_STEP = 1024 };

struct listing *listing_new(uint32_t max, struct span prefix, struct span after)
{
    CHECK(prefix.n <= LISTING_NAME_MAX && after.n <= LISTING_NAME_MAX);
    struct listing *listing = malloc(sizeof *listing + max * sizeof *listing->rows);
    if (!listing)
        return NULL;
    memset(listing, 0, sizeof *listing);
    listing->max = max;
    listing->prefix_length = (uint8_t)prefix.n;
    listing->after_length = (uint8_t)after.n;
    if (prefix.n)
        memcpy(listing->prefix, prefix.p, prefix.n);
    if (after.n)
        memcpy(listing->after, after.p, after.n);
    return listing;
}

static void add_row(struct listing *listing, const struct channel *channel)
{
    struct listing_row *row = &listing->rows[listing->count++];
    uint32_t events = channel->ring.count;
    *row = (struct listing_row){.events = events, .length = (uint8_t)channel->name_length};
    memcpy(row->name, channel->name, channel->name_length);
    if (events) {
        row->first_id = ring_at(&channel->ring, 0)->id;
        row->last_id = ring_newest(&channel->ring)->id;
    }
}

/* The first channel behind `after` and within the prefix that is no client's. */
static const struct channel *next_channel(const struct channels *channels,
                                          const struct listing *listing)
{
    struct span after = {listing->after, listing->after_length};
    struct span prefix = {listing->prefix, listing->prefix_length};
    const struct channel *channel = span_compare(after, prefix) < 0
                                        ? channels_from(channels, prefix)
                                        : channels_beyond(channels, after);
    if (channel && channel->name[0] == '@')
        channel = channels_from(channels, SPAN("A")); /* the byte that follows '@' */
    return channel && span_starts(channel_name(channel), prefix) ? channel : NULL;
}

static void find_one(const struct channels *channels, struct listing *listing)
{
    struct span name = {listing->after, listing->after_length};
    const struct channel *channel = channels_find(channels, name, hash_bytes(name.p, name.n));
    if (channel) {
        add_row(listing, channel);
        return;
    }
    struct listing_row *row = &listing->rows[listing->count++]; /* perhaps watched by a prefix */
    *row = (struct listing_row){.length = (uint8_t)name.n};
    memcpy(row->name, name.p, name.n);
}

bool log_list(struct log *log, struct request *request)
{
    struct listing *listing = request->listing;
    const struct channels *channels = &log->tail.channels;
    if (listing->exact) {
        find_one(channels, listing);
        return true;
    }
    for (int i = 0; i < LIST_STEP && listing->count < listing->max; i++) {
        const struct channel *channel = next_channel(channels, listing);
        if (!channel)
            return true;
        if (channel->ring.count || channel->workers)
            add_row(listing, channel);
        memcpy(listing->after, channel->name, channel->name_length);
        listing->after_length = (uint8_t)channel->name_length;
    }
    return listing->count == listing->max;
}
