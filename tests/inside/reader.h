/* A subscriber as an EventSource is one: reads its stream strictly, comes back with its position
 * when the stream ends, and holds the hub to its promises: from where it started on it gets each
 * event of its channels that the journal has, once and unchanged, or is told a gap. What does not
 * hold stops the program. */
#ifndef FRESHET_TESTS_READER_H
#define FRESHET_TESTS_READER_H

#include "hub.h"
#include "sight.h"

struct reader {
    struct hub *hub;
    struct client *client;
    unsigned worker;
    const char *query; /* behind /events */
    struct sight sight;
    unsigned opened, refused; /* how its requests were answered so far */
    int status;               /* of the newest answer */
};

/* names: as in struct sight. Does not connect yet. */
void reader_init(struct reader *reader, struct hub *hub, unsigned worker, const char *query,
                 const char *const *names);
void reader_fini(struct reader *reader);

/* Connects and asks, with its position if it has one. */
void reader_open(struct reader *reader);

/* Its stream is open. When the hub has settled. */
bool reader_stands(const struct reader *reader);

/* Reads what its connection got, and leaves it. */
void reader_leave(struct reader *reader);

/* If its stream does not stand (any more): reads what it got and asks again. True if so. */
bool reader_return(struct reader *reader);

/* Leaves, and nothing that it should have is missing. */
void reader_finish(struct reader *reader);

#endif
