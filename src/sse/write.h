/* Writing the event stream format (WHATWG HTML, 9.2.6). Frames are written into memory that the
 * caller sized before; the id's line is added in front later, since the id is known last. Pure, any
 * thread. */
#ifndef FRESHET_SSE_WRITE_H
#define FRESHET_SSE_WRITE_H

#include "base/buf.h"
#include "base/id.h"

#include <stdint.h>

/* Bytes of the longest `id: …` line with its LF. */
enum { SSE_ID_LINE_MAX = 4 + ID_TEXT_MAX + 1 };

/* The bytes that sse_frame_write writes. */
size_t sse_frame_size(struct span type, struct span data);

/* Writes an `event:` line where type is not empty, a `data:` line for each line of data (CR, LF and
 * CRLF part lines, so that data which ends with one has an empty last line; empty data is one empty
 * line) and the blank line. Returns the end. type has no CR, LF or NUL: the caller has checked it.
 */
char *sse_frame_write(char *out, struct span type, struct span data);

/* Writes `id: <id>` and LF so that they end just before `end` (SSE_ID_LINE_MAX bytes are free
 * there); returns where they start. */
char *sse_id_line_before(char *end, uint64_t id);

/* The small blocks of a stream, to the end of out, all or nothing. Errors of buf. A comment's text
 * has no CR or LF. */
enum error sse_write_retry(struct buf *out, uint64_t ms);        /* retry: 3000, blank line */
enum error sse_write_comment(struct buf *out, struct span text); /* : text, blank line */
enum error sse_write_position(struct buf *out, uint64_t id);     /* id: …, blank line */
enum error sse_write_event(struct buf *out, struct span type, struct span data); /* without an id */

#endif
