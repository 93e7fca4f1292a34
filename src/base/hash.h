/* The keyed hash that every table uses for what strangers name, so that names made to collide do
 * not: SipHash-2-4 (libsodium) under a key that is random for each process. Also random bytes. */
#ifndef FRESHET_BASE_HASH_H
#define FRESHET_BASE_HASH_H

#include "base/span.h"

#include <stdint.h>

/* Once, before any thread is started; makes the key. Stops the program where there is no
 * randomness. */
void hash_init(void);

/* Any thread, after hash_init. */
uint64_t hash_bytes(const void *bytes, size_t n);

/* 128 bits of two texts, at most 511 bytes together; the first holds no NUL. Any thread, after
 * hash_init. */
void hash_pair(struct span first, struct span second, uint64_t out[2]);

/* n unpredictable bytes. Any thread. */
void random_bytes(void *out, size_t n);

/* Evenly from 0 to below `bound` (1 or more). Any thread. */
uint32_t random_below(uint32_t bound);

#endif
