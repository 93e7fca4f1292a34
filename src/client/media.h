/* The media type of an answer. Pure, any thread. */
#ifndef FRESHET_CLIENT_MEDIA_H
#define FRESHET_CLIENT_MEDIA_H

#include "base/span.h"

/* Whether a Content-Type is this type, such as "text/event-stream", without regard to case and
 * parameters (MIME Sniffing, 4.4). content_type may be NULL: it is none. */
static inline bool media_is(const char *content_type, struct span type)
{
    struct span rest = span_from(content_type ? content_type : ""), essence = span_cut(&rest, ';');
    while (essence.n && strchr(" \t\r\n", *essence.p))
        essence.p++, essence.n--;
    while (essence.n && strchr(" \t\r\n", essence.p[essence.n - 1]))
        essence.n--;
    return span_equal_nocase(essence, type);
}

#endif
