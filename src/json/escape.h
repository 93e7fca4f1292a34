/* One escape of a JSON string; for this module alone. Pure, any thread. */
#ifndef FRESHET_JSON_ESCAPE_H
#define FRESHET_JSON_ESCAPE_H

#include <stdint.h>

/* Reads the escape, or the surrogate pair of two, whose backslash is at p (p < end). Returns the
 * byte after it; NULL where it is malformed, and *bad is then what cannot stand there: for a lone
 * surrogate its backslash, for a text that is cut off its end. */
const char *json_escape_read(const char *p, const char *end, uint32_t *code, const char **bad);

#endif
