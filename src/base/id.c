/* Ids: made, written, read. Pure. */
#include "base/id.h"

uint64_t id_next(uint64_t last, uint64_t now_ms)
{
    uint64_t now = id_make(now_ms <= ID_MS_MAX ? now_ms : ID_MS_MAX, 0);
    return now > last ? now : last + 1;
}

static size_t decimal(uint64_t value, char *out)
{
    char digits[20];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + value % 10);
    while (value /= 10);
    for (size_t i = 0; i < n; i++)
        out[i] = digits[n - 1 - i];
    return n;
}

size_t id_format(uint64_t id, char *out)
{
    size_t n = decimal(id_ms(id), out);
    out[n++] = '-';
    return n + decimal(id & 0xffff, out + n);
}

struct id_text id_text(uint64_t id)
{
    struct id_text text;
    text.text[id_format(id, text.text)] = '\0';
    return text;
}

static enum error read_decimal(struct span text, uint64_t max, uint64_t *value)
{
    if (text.n == 0 || text.n > 15 || (text.n > 1 && text.p[0] == '0'))
        return ERROR_ID_SYNTAX;
    uint64_t sum = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return ERROR_ID_SYNTAX;
        sum = sum * 10 + (uint64_t)(text.p[i] - '0');
    }
    if (sum > max)
        return ERROR_ID_SYNTAX;
    *value = sum;
    return OK;
}

enum error id_parse(struct span text, uint64_t *id)
{
    const char *dash = text.n ? memchr(text.p, '-', text.n) : NULL;
    if (!dash)
        return ERROR_ID_SYNTAX;
    size_t n = (size_t)(dash - text.p);
    uint64_t ms, counter;
    if (read_decimal((struct span){text.p, n}, ID_MS_MAX, &ms) ||
        read_decimal((struct span){dash + 1, text.n - n - 1}, 0xffff, &counter))
        return ERROR_ID_SYNTAX;
    *id = id_make(ms, (unsigned)counter);
    return OK;
}
