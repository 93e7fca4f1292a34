/* Writing JSON strings. Pure, any thread. */
#ifndef FRESHET_JSON_WRITE_H
#define FRESHET_JSON_WRITE_H

#include "base/buf.h"

/* Appends text (UTF-8) with the escapes that stand between quotes, all or nothing. Errors of buf.
 */
enum error json_write_escaped(struct span text, struct buf *out);

/* The same with the quotes. */
enum error json_write_string(struct span text, struct buf *out);

#endif
