/* Sizes and durations as people write them; read by one function each for every flag and variable.
 */
#ifndef FRESHET_BASE_UNITS_H
#define FRESHET_BASE_UNITS_H

#include "base/error.h"
#include "base/span.h"

#include <stdint.h>

/* `500ms`, `30s`, `5m`, `1h`, `1d`; up to 10,000 days. ERROR_DURATION_SYNTAX. */
enum error duration_parse(struct span text, uint64_t *ms);

/* `4096`, `64K`, `16M`, `1G`, by 1024; up to 2^50. ERROR_SIZE_SYNTAX. */
enum error size_parse(struct span text, uint64_t *bytes);

/* A whole number of decimal digits, at most max; false if it is none. */
bool number_parse(struct span text, uint64_t max, uint64_t *value);

/* A number for people: 1234567 as 1,234,567. */
struct grouped {
    char text[32];
};
struct grouped grouped(uint64_t number);

#endif
