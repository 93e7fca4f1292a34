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

void hash_pair(struct span first, struct span second, uint64_t out[2])
{
    unsigned char both[512];
    CHECK(first.n + 1 + second.n <= sizeof both);
    memcpy(both, first.p, first.n);
    both[first.n] = '\0';
    if (second.n)
        memcpy(both + first.n + 1, second.p, second.n);
    _Static_assert(2 * sizeof *out == crypto_shorthash_siphashx24_BYTES, "SipHash gives 128 bits");
    crypto_shorthash_siphashx24((unsigned char *)out, both, first.n + 1 + second.n, key);
}

void random_bytes(void *out, size_t n)
{
    randombytes_buf(out, n);
}

uint32_t random_below(uint32_t bound)
{
    return randombytes_uniform(bound);
}
