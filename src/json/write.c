/* Escapes: quote, backslash and control characters; all else stays as it is. */
#include "json/write.h"

static bool is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\';
}

/* The escape of a byte that is not plain; returns its length. */
static size_t escape(unsigned char byte, char *out)
{
    static const char bytes[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *known = byte ? strchr(bytes, byte) : NULL;
    out[0] = '\\';
    if (known) {
        out[1] = letters[known - bytes];
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = "0123456789abcdef"[byte >> 4];
    out[5] = "0123456789abcdef"[byte & 15];
    return 6;
}

enum error json_write_escaped(struct span text, struct buf *out)
{
    size_t before = out->len;
    enum error error = OK;
    for (size_t i = 0; i < text.n && !error;) {
        size_t start = i;
        while (i < text.n && is_plain((unsigned char)text.p[i]))
            i++;
        error = buf_append(out, text.p + start, i - start);
        if (!error && i < text.n) {
            char room[6];
            error = buf_append(out, room, escape((unsigned char)text.p[i++], room));
        }
    }
    if (error)
        out->len = before;
    return error;
}

enum error json_write_string(struct span text, struct buf *out)
{
    size_t before = out->len;
    enum error error = buf_append(out, "\"", 1);
    if (!error)
        error = json_write_escaped(text, out);
    if (!error)
        error = buf_append(out, "\"", 1);
    if (error)
        out->len = before;
    return error;
}
