/* Idempotency keys: a table by name, and a queue by age, since all live equally long. */
#include "engine/keys.h"

#include "base/check.h"

#include <stdlib.h>

enum { EXPIRE_STEP = 64 };

void keys_init(struct keys *keys, size_t max)
{
    *keys = (struct keys){.max = max};
    TAILQ_INIT(&keys->settled);
}

void keys_fini(struct keys *keys)
{
    struct key *key, *next;
    HASH_ITER (hh, keys->table, key, next) {
        HASH_DEL(keys->table, key);
        free(key);
    }
    TAILQ_INIT(&keys->settled);
}

struct key_name key_name(struct span channel, struct span key)
{
    struct key_name name;
    hash_pair(channel, key, name.words);
    return name;
}

uint64_t key_body(struct span type, struct span data, bool json)
{
    uint64_t parts[] = {hash_bytes(type.p, type.n), hash_bytes(data.p, data.n), json};
    return hash_bytes(parts, sizeof parts);
}

static bool is_over(const struct key *key, uint64_t now_ms)
{
    return key->id && key->at_ms + KEY_LIFETIME_MS <= now_ms;
}

struct key *keys_find(struct keys *keys, struct key_name name, uint64_t now_ms)
{
    struct key *key;
    HASH_FIND(hh, keys->table, &name, sizeof name, key);
    if (!key || !is_over(key, now_ms))
        return key;
    keys_drop(keys, key);
    return NULL;
}

enum error keys_add(struct keys *keys, struct key_name name, uint64_t body, void *owner,
                    uint64_t now_ms, struct key **key)
{
    if (HASH_COUNT(keys->table) >= keys->max) {
        struct key *oldest = TAILQ_FIRST(&keys->settled);
        if (!oldest || !is_over(oldest, now_ms))
            return ERROR_KEYS_MANY;
        keys_drop(keys, oldest);
    }
    struct key *added = calloc(1, sizeof *added);
    if (!added)
        return ERROR_NO_MEMORY;
    added->name = name;
    added->body = body;
    added->owner = owner;
    HASH_ADD(hh, keys->table, name, sizeof added->name, added);
    if (!added->hh.tbl) {
        free(added);
        return ERROR_NO_MEMORY;
    }
    *key = added;
    return OK;
}

void keys_settle(struct keys *keys, struct key *key, uint64_t id, uint64_t now_ms)
{
    CHECK(key->id == 0 && id != 0);
    key->id = id;
    key->at_ms = now_ms;
    key->owner = NULL;
    TAILQ_INSERT_TAIL(&keys->settled, key, age);
}

void keys_drop(struct keys *keys, struct key *key)
{
    if (key->id)
        TAILQ_REMOVE(&keys->settled, key, age);
    CHECK(keys->table);
    HASH_DEL(keys->table, key);
    free(key);
}

bool keys_expire(struct keys *keys, uint64_t now_ms)
{
    for (int i = 0; i < EXPIRE_STEP; i++) {
        struct key *oldest = TAILQ_FIRST(&keys->settled);
        if (!oldest || !is_over(oldest, now_ms))
            return false;
        keys_drop(keys, oldest);
    }
    return true;
}

uint64_t keys_next_expiry(const struct keys *keys)
{
    const struct key *oldest = TAILQ_FIRST(&keys->settled);
    return oldest ? oldest->at_ms + KEY_LIFETIME_MS : UINT64_MAX;
}
