/* libsodium's short hash and random numbers. The key is written once, before threads start. */
#include "base/hash.h"

#include "base/check.h"

#include <sodium.h>

static unsigned char key[crypto_shorthash_KEYBYTES];

void hash_init(void)
{
    CHECK(sodium_init() >= 0);
    crypto_shorthash_keygen(key);
}

uint64_t hash_bytes(const void *bytes, size_t n)
{
    uint64_t hash;
    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "SipHash gives 64 bits");
    crypto_shorthash((unsigned char *)&hash, bytes, n, key);
    return hash;
}

void random_bytes(void *out, size_t n)
{
    randombytes_buf(out, n);
}

uint32_t random_below(uint32_t bound)
{
    return randombytes_uniform(bound);
}
