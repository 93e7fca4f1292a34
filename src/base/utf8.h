/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef FRESHET_BASE_UTF8_H
#define FRESHET_BASE_UTF8_H

#include "base/span.h"

#include <stdint.h>

/* Reads one code point at the front of text (n >= 1); returns its length in bytes, 0 if it is not
 * valid there. */
size_t utf8_next(struct span text, uint32_t *code_point);

bool utf8_valid(struct span text);

/* Writes a code point (valid, no surrogate) to out (4 bytes); returns its length. */
size_t utf8_write(uint32_t code_point, char *out);

#endif
