/* The classes of bytes that HTTP's grammar knows (RFC 9110, 5.5 and 5.6.2). Only for this module.
 */
#ifndef FRESHET_HTTP_BYTES_H
#define FRESHET_HTTP_BYTES_H

#include <stdbool.h>

/* What a token is made of: methods, header names, codings. */
static inline bool byte_is_token(unsigned char byte)
{
    static const bool token[256] = {
        ['0' ... '9'] = true,  ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true,
        ['#' ... '\''] = true, ['*'] = true,         ['+'] = true,         ['-'] = true,
        ['.'] = true,          ['^' ... '`'] = true, ['|'] = true,         ['~'] = true,
    };
    return token[byte];
}

/* What may stand in a line: visible ASCII, space, HTAB and obs-text; no control byte. */
static inline bool byte_is_text(unsigned char byte)
{
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

static inline bool byte_is_visible(unsigned char byte)
{
    return byte > 0x20 && byte < 0x7f;
}

static inline bool byte_is_blank(unsigned char byte)
{
    return byte == ' ' || byte == '\t';
}

/* The value of a hexadecimal digit, -1 for other bytes. */
static inline int byte_hex(unsigned char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

#endif
