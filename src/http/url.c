/* Percent-decoding and the pairs of a query. Knows no names and no limits of its own. */
#include "http/url.h"

#include "http/bytes.h"

/* Counts first and writes then, so that it is all or nothing, and out needs room only for what the
 * text means, not for how it is written. */
static enum error decode(struct span text, bool plus_is_space, struct buf *out)
{
    const unsigned char *p = (const unsigned char *)text.p;
    size_t escapes = 0;
    for (size_t i = 0; i < text.n; i++)
        if (p[i] == '%') {
            if (text.n - i < 3 || byte_hex(p[i + 1]) < 0 || byte_hex(p[i + 2]) < 0)
                return ERROR_URL_ESCAPE;
            escapes++;
            i += 2;
        }
    enum error error = buf_reserve(out, text.n - 2 * escapes);
    if (error)
        return error;
    for (size_t i = 0; i < text.n; i++) {
        char byte = text.p[i];
        if (byte == '%') {
            byte = (char)((unsigned)byte_hex(p[i + 1]) << 4 | (unsigned)byte_hex(p[i + 2]));
            i += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        out->data[out->len++] = byte;
    }
    return OK;
}

enum error url_decode_segment(struct span segment, struct buf *out)
{
    return decode(segment, false, out);
}

enum error url_decode_query(struct span text, struct buf *out)
{
    return decode(text, true, out);
}

bool url_query_next(struct span *query, struct span *name, struct span *value)
{
    while (query->n > 0) {
        struct span pair = span_cut(query, '&');
        if (pair.n == 0)
            continue;
        *name = span_cut(&pair, '=');
        *value = pair;
        return true;
    }
    return false;
}
