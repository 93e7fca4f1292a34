/* What a body is, by its headers. Pure. */
#ifndef FRESHET_SERVER_MEDIA_H
#define FRESHET_SERVER_MEDIA_H

#include "http/request.h"

enum media { MEDIA_TEXT, MEDIA_JSON, MEDIA_NDJSON };

/* ERROR_CONTENT_ENCODING, ERROR_CONTENT_TYPE_TWICE, ERROR_MULTIPART, ERROR_CHARSET. */
enum error media_read(const struct http_request *request, enum media *media);

/* Whether the request's Accept names that media type, alone or in a list; `*` and missing do not.
 */
bool media_accepts(const struct http_request *request, struct span type);

#endif
