/* Answers that are whole at once. Each ends the exchange of the connection. */
#ifndef FRESHET_SERVER_RESPOND_H
#define FRESHET_SERVER_RESPOND_H

#include "server/connection.h"

#include <jansson.h>

/* extra: further header lines, each with CRLF; may be empty. */
void respond(struct connection *connection, int status, const char *type, struct span body,
             struct span extra);

/* A problem (RFC 9457). detail: what to change, where it is more than the error's own text; else
 * NULL. */
void respond_error(struct connection *connection, enum error error, const char *detail);

/* The same with a header line more, for 405's Allow. */
void respond_error_with(struct connection *connection, enum error error, const char *detail,
                        struct span extra);

/* The hub can't take a subscriber now: freshet.busy to clients that accept a stream, else the
 * problem. */
void respond_busy(struct connection *connection, enum error error);

/* 204. */
void respond_empty(struct connection *connection);

/* Takes over the reference; NULL answers ERROR_NO_MEMORY. */
void respond_json(struct connection *connection, json_t *body);

/* Its text, to be freed; NULL where there is no memory. json_dumps overlooks that and leaves a key
 * out. */
char *json_text(const json_t *body);

#endif
