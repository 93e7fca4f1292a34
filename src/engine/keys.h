/* Idempotency keys: for ten minutes the log remembers what was published under which key, so that a
 * retry gets the first one's id. A key belongs to its channel. While a publish is under way its
 * keys have no id yet, and others that bring the same key wait for it. One thread: the log's. Time
 * comes in as monotonic ms, so that a step of the clock forgets nothing. */
#ifndef FRESHET_ENGINE_KEYS_H
#define FRESHET_ENGINE_KEYS_H

#include "base/table.h"

#include "base/error.h"
#include "base/span.h"

#include <sys/queue.h>

enum { KEY_LIFETIME_MS = 600000 };

/* Channel and key, hashed so wide that no two are alike. */
struct key_name {
    uint64_t words[2];
};

struct key {
    UT_hash_handle hh;
    TAILQ_ENTRY(key) age;
    struct key_name name;
    uint64_t body;  /* hash of what was published */
    uint64_t id;    /* 0: under way */
    uint64_t at_ms; /* when it was settled */
    void *owner;    /* the request that is under way */
};

TAILQ_HEAD(key_queue, key);

struct keys {
    struct key *table;
    struct key_queue settled; /* the oldest first */
    size_t max;               /* that may be remembered */
};

void keys_init(struct keys *keys, size_t max);
void keys_fini(struct keys *keys);

/* Pure, any thread. channel: at most 255 bytes, key: at most 128. */
struct key_name key_name(struct span channel, struct span key);

/* What a retry has to repeat, as a hash. Pure, any thread. */
uint64_t key_body(struct span type, struct span data, bool json);

/* One whose time is over is forgotten and not found. */
struct key *keys_find(struct keys *keys, struct key_name name, uint64_t now_ms);

/* A new key, under way; the table has none of that name. Where there are too many the oldest gives
 * way if its time is over. ERROR_NO_MEMORY, ERROR_KEYS_MANY. */
enum error keys_add(struct keys *keys, struct key_name name, uint64_t body, void *owner,
                    uint64_t now_ms, struct key **key);

/* What was under way has this id. */
void keys_settle(struct keys *keys, struct key *key, uint64_t id, uint64_t now_ms);

/* What was under way came to nothing. */
void keys_drop(struct keys *keys, struct key *key);

/* Forgets some of those whose time is over; true if there are more. */
bool keys_expire(struct keys *keys, uint64_t now_ms);

/* When keys_expire has something to do next, monotonic ms; UINT64_MAX: never. */
uint64_t keys_next_expiry(const struct keys *keys);

#endif
