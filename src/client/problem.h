/* What a server says about a request that it refused. Pure, any thread. */
#ifndef FRESHET_CLIENT_PROBLEM_H
#define FRESHET_CLIENT_PROBLEM_H

#include "base/buf.h"

/* The detail of application/problem+json (RFC 9457), else its title, else the first line of
 * text/plain, to the end of out; nothing where there is none of these, and never more than out
 * takes. content_type may be NULL. It is a stranger's text: it may hold anything but NUL. */
void problem_read(const char *content_type, struct span body, struct buf *out);

#endif
