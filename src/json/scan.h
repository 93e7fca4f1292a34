/* A strict RFC 8259 scanner: bytes in, spans out. Converts nothing, since published numbers must
 * arrive as they were sent. Depth at most 64; strings must be UTF-8 and escapes well formed (a lone
 * surrogate escape is refused). No allocation, no recursion. Pure, any thread. */
#ifndef FRESHET_JSON_SCAN_H
#define FRESHET_JSON_SCAN_H

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"

enum { JSON_DEPTH_MAX = 64 };

/* Not JSON_OBJECT and so on: those are jansson's. */
enum json_kind {
    JSON_KIND_OBJECT,
    JSON_KIND_ARRAY,
    JSON_KIND_STRING,
    JSON_KIND_NUMBER,
    JSON_KIND_TRUE,
    JSON_KIND_FALSE,
    JSON_KIND_NULL
};

/* A member of the top-level object. */
struct json_member {
    struct span name;  /* between the quotes, escapes as written */
    struct span value; /* the whole value; a string with its quotes */
    enum json_kind kind;
};

/* Checks that text is exactly one JSON value with white space around it. Where it is an object and
 * on_member is not NULL, calls it for each top-level member in order; an error that it returns ends
 * the scan and is returned. ERROR_JSON_SYNTAX, ERROR_JSON_DEPTH, ERROR_UTF8; *at (may be NULL) is
 * then the offset of the byte that cannot stand there: the first of a sequence that is no UTF-8,
 * the backslash of a lone surrogate, text.n where the text ends too early, the name's quote where
 * on_member refused. Members before an error have been called. kind (may be NULL): of the value. */
typedef enum error json_member_fn(void *context, const struct json_member *member);
enum error json_scan(struct span text, enum json_kind *kind, json_member_fn *on_member,
                     void *context, size_t *at);

/* Decodes what stands between the quotes of a scanned string to the end of out, all or nothing.
 * Errors of buf. */
enum error json_string_decode(struct span raw, struct buf *out);

/* Whether a scanned raw string (between its quotes) decodes to exactly `plain`. */
bool json_string_is(struct span raw, struct span plain);

/* Checks text as json_scan does and, where it is an object with a top-level *string* member `name`,
 * cuts that member, its comma and the white space between the two out of the bytes in place
 * (*length shrinks; every other byte stays as it was) and appends the decoded string to value;
 * *found tells. A member of that name which is no string stays. Two string members of that name:
 * ERROR_JSON_TWICE. Names are compared decoded. On error text and value are unchanged. */
enum error json_cut_string(char *text, size_t *length, struct span name, struct buf *value,
                           bool *found, size_t *at);

#endif
