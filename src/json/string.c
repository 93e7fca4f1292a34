/* What stands between the quotes of a string: escapes, and what they decode to. */
#include "base/check.h"
#include "base/utf8.h"
#include "json/escape.h"
#include "json/scan.h"

static bool read_hex4(const char *p, const char *end, uint32_t *unit, const char **bad)
{
    *unit = 0;
    for (int i = 0; i < 4; i++, p++) {
        unsigned char c = p < end ? (unsigned char)*p : 0;
        bool decimal = c >= '0' && c <= '9';
        unsigned char lower = c | 0x20;
        if (!decimal && (lower < 'a' || lower > 'f')) {
            *bad = p;
            return false;
        }
        *unit = *unit << 4 | (uint32_t)(decimal ? c - '0' : lower - 'a' + 10);
    }
    return true;
}

/* The second half of a surrogate pair whose first escape is at `first`. */
static const char *read_low_surrogate(const char *first, const char *end, uint32_t *code,
                                      const char **bad)
{
    const char *p = first + 6;
    uint32_t low;
    for (int i = 0; i < 2; i++, p++)
        if (p == end || *p != "\\u"[i]) {
            *bad = p == end ? end : first;
            return NULL;
        }
    if (!read_hex4(p, end, &low, bad))
        return NULL;
    if (low < 0xdc00 || low > 0xdfff) {
        *bad = first;
        return NULL;
    }
    *code = 0x10000 + ((*code - 0xd800) << 10 | (low - 0xdc00));
    return p + 4;
}

const char *json_escape_read(const char *p, const char *end, uint32_t *code, const char **bad)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    *bad = p + 1;
    if (p + 1 == end)
        return NULL;
    if (p[1] != 'u') {
        const char *letter = memchr(letters, p[1], sizeof letters - 1);
        if (!letter)
            return NULL;
        *code = (unsigned char)meanings[letter - letters];
        return p + 2;
    }
    if (!read_hex4(p + 2, end, code, bad))
        return NULL;
    if (*code < 0xd800 || *code > 0xdfff)
        return p + 6;
    *bad = p;
    return *code < 0xdc00 ? read_low_surrogate(p, end, code, bad) : NULL;
}

/* Takes the next piece off the front of a scanned string: bytes that stand for themselves, or one
 * escape, decoded into `room` (4 bytes). */
static struct span next_piece(struct span *raw, char *room)
{
    struct span piece = {raw->p, raw->n};
    size_t taken;
    if (*raw->p == '\\') {
        uint32_t code;
        const char *bad, *after = json_escape_read(raw->p, raw->p + raw->n, &code, &bad);
        CHECK(after != NULL);
        taken = (size_t)(after - raw->p);
        piece = (struct span){room, utf8_write(code, room)};
    } else {
        const char *backslash = memchr(raw->p, '\\', raw->n);
        taken = backslash ? (size_t)(backslash - raw->p) : raw->n;
        piece.n = taken;
    }
    raw->p += taken;
    raw->n -= taken;
    return piece;
}

enum error json_string_decode(struct span raw, struct buf *out)
{
    size_t before = out->len;
    while (raw.n) {
        char room[4];
        struct span piece = next_piece(&raw, room);
        enum error error = buf_append(out, piece.p, piece.n);
        if (error) {
            out->len = before;
            return error;
        }
    }
    return OK;
}

bool json_string_is(struct span raw, struct span plain)
{
    while (raw.n) {
        char room[4];
        struct span piece = next_piece(&raw, room);
        if (!span_starts(plain, piece))
            return false;
        plain.p += piece.n;
        plain.n -= piece.n;
    }
    return plain.n == 0;
}
