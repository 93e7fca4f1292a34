/* Any bytes as a path segment, as a query's name or value, and as a query: what url.h makes of them
 * is what a plain reading of the rules makes, byte by byte. */
#include "base/check.h"
#include "http/url.h"

#include <stdint.h>
#include <stdlib.h>

enum { BEFORE = 3 }; /* bytes that stand in the buffer already */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the plain reading ---- */

static int digit(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)((at - digits) % 16) : -1;
}

/* Decodes to out, which has room for all; the length, or -1 for a broken escape. */
static long model_decode(struct span text, bool query, char *out)
{
    long n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '+' && query)
            c = ' ';
        if (c == '%') {
            int high = i + 1 < text.n ? digit(text.p[i + 1]) : -1;
            int low = i + 2 < text.n ? digit(text.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return -1;
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[n++] = c;
    }
    return n;
}

/* The pair that begins at *at or behind it: where its name and its value lie. False at the end. */
static bool model_next(struct span query, size_t *at, struct span *name, struct span *value)
{
    while (*at < query.n && query.p[*at] == '&')
        ++*at;
    if (*at == query.n)
        return false;
    size_t start = *at, equals = SIZE_MAX;
    for (; *at < query.n && query.p[*at] != '&'; ++*at)
        if (query.p[*at] == '=' && equals == SIZE_MAX)
            equals = *at;
    size_t name_end = equals == SIZE_MAX ? *at : equals;
    size_t value_start = equals == SIZE_MAX ? *at : equals + 1;
    *name = (struct span){query.p + start, name_end - start};
    *value = (struct span){query.p + value_start, *at - value_start};
    return true;
}

/* ---- against it ---- */

typedef enum error decoder(struct span, struct buf *);

/* Into a buffer that has something in it and takes at most `room` bytes more. */
static void check_room(decoder *decode, struct span text, size_t room, const char *expected, long n)
{
    struct buf out;
    buf_init(&out, BEFORE + room);
    CHECK(buf_append(&out, "abc", BEFORE) == OK);
    enum error error = decode(text, &out);
    bool fits = n >= 0 && (size_t)n <= room;
    CHECK(error == (n < 0 ? ERROR_URL_ESCAPE : fits ? OK : ERROR_TOO_LARGE));
    CHECK(out.len == BEFORE + (fits ? (size_t)n : 0));
    CHECK(memcmp(out.data, "abc", BEFORE) == 0);
    CHECK(!fits || n == 0 || memcmp(out.data + BEFORE, expected, (size_t)n) == 0);
    buf_fini(&out);
}

static void check_decoder(decoder *decode, struct span text, bool query)
{
    /* In memory of exactly its size, where a sanitizer sees every step outside. */
    char *copy = malloc(text.n ? text.n : 1), *expected = malloc(text.n ? text.n : 1);
    CHECK(copy && expected);
    if (text.n)
        memcpy(copy, text.p, text.n);
    struct span exact = {copy, text.n};
    long n = model_decode(text, query, expected);
    check_room(decode, exact, text.n, expected, n);
    if (n > 0) {
        check_room(decode, exact, (size_t)n, expected, n);
        check_room(decode, exact, (size_t)n - 1, expected, n);
    }
    free(copy);
    free(expected);
}

static void check_query(struct span query)
{
    struct span rest = query, name, value, expected_name, expected_value;
    size_t at = 0;
    while (model_next(query, &at, &expected_name, &expected_value)) {
        CHECK(url_query_next(&rest, &name, &value));
        CHECK(name.n == expected_name.n && (name.n == 0 || name.p == expected_name.p));
        CHECK(value.n == expected_value.n && (value.n == 0 || value.p == expected_value.p));
        check_decoder(url_decode_query, name, true);
        check_decoder(url_decode_query, value, true);
    }
    CHECK(!url_query_next(&rest, &name, &value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = {(const char *)data, size};
    check_decoder(url_decode_segment, bytes, false);
    check_decoder(url_decode_query, bytes, true);
    check_query(bytes);
    return 0;
}
