/* Reading and writing UTF-8. Pure. */
#include "base/utf8.h"

static bool continues(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

size_t utf8_next(struct span text, uint32_t *code_point)
{
    const unsigned char *p = (const unsigned char *)text.p;
    if (p[0] < 0x80) {
        *code_point = p[0];
        return 1;
    }
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (p[0] < 0xc2 || p[0] > 0xf4 || text.n < n)
        return 0;
    uint32_t code = p[0] & (0x7f >> n);
    for (size_t i = 1; i < n; i++) {
        if (!continues(p[i]))
            return 0;
        code = code << 6 | (p[i] & 0x3f);
    }
    if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *code_point = code;
    return n;
}

bool utf8_valid(struct span text)
{
    if (text.n == 0)
        return true;
    const unsigned char *p = (const unsigned char *)text.p, *end = p + text.n;
    while (p < end) {
        uint64_t eight;
        if (end - p >= 8 && (memcpy(&eight, p, 8), (eight & UINT64_C(0x8080808080808080)) == 0)) {
            p += 8;
            continue;
        }
        uint32_t code_point;
        size_t n = utf8_next((struct span){(const char *)p, (size_t)(end - p)}, &code_point);
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

size_t utf8_write(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(0xf00 >> n | code);
    return n;
}
