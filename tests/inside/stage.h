/* What a scene plays on: a hub of two workers with streams that stand before it begins, and a way
 * to say what is asked and how it must be answered. Without a shortage of memory each answer is the
 * one that is expected; with one it may be 503 or 413, or the connection is closed instead, and
 * then nothing is published; in any case every reader gets what the journal has. */
#ifndef FRESHET_TESTS_STAGE_H
#define FRESHET_TESTS_STAGE_H

#include "hub.h"
#include "reader.h"

enum { STAGE_READERS_MAX = 16, STAGE_POSTS_MAX = 64 };

struct post {
    unsigned number; /* which answer of the asker's is its */
    const char *channel;
    char data[64];
    bool retried; /* the same was or will be sent again */
    bool batch;   /* with the others of its number: all or none */
};

struct stage {
    struct hub hub;
    struct reader readers[STAGE_READERS_MAX];
    size_t reader_count;
    struct client *asker;
    unsigned asked; /* requests on its connection */
    bool heads;     /* HEAD among them */
    struct post posts[STAGE_POSTS_MAX];
    size_t post_count;
    unsigned serial;
    bool stopped;
};

struct scene {
    const char *name;
    void (*set)(struct settings *settings); /* NULL: the defaults */
    void (*before)(struct stage *stage);    /* NULL: nothing; memory suffices */
    void (*play)(struct stage *stage);
    unsigned gaps; /* told to all readers together where memory suffices */
};

extern const struct scene scenes[];
extern const size_t scene_count;

/* Plays it with `length` allocations failing from number `first` on (0: none); returns how many
 * were counted. What does not hold stops the program. */
uint64_t stage_play(const struct scene *scene, uint64_t first, uint64_t length);

/* ---- for scenes ---- */

/* A reader that asks at the next settling; stands at the end like all others. */
struct reader *stage_read(struct stage *stage, unsigned worker, const char *query,
                          const char *const *names);

/* Asks on the asker's connection; the first after stage_expect opens one, on worker 0. */
void stage_ask(struct stage *stage, const char *request);

/* POSTs to path (with its query) a body which holds the data that subscribers of the channel get:
 * plain text, made different for each; or as JSON, in an object with _event. */
void stage_post(struct stage *stage, const char *path, const char *channel);
void stage_post_json(struct stage *stage, const char *path, const char *channel);

/* The same text with an idempotency key, as often as that. */
void stage_post_keyed(struct stage *stage, const char *path, const char *channel, unsigned times);

/* A batch of lines, text and JSON by turns, each with a key if keyed. */
void stage_post_lines(struct stage *stage, const char *path, const char *channel, unsigned lines,
                      bool keyed);

/* Settles; these are the answers, such as "200 400 200"; the asker is done with. */
void stage_expect(struct stage *stage, const char *statuses);

/* n events on the channel, each in a request of its own; all are kept if memory suffices. */
void stage_fill(struct stage *stage, const char *channel, unsigned n);

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
