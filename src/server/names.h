/* Which names are allowed: channels, prefixes, client ids, event types, idempotency keys. Pure. */
#ifndef FRESHET_SERVER_NAMES_H
#define FRESHET_SERVER_NAMES_H

#include "base/error.h"
#include "base/span.h"

enum { CHANNEL_MAX = 255, CLIENT_ID_MAX = 128, EVENT_TYPE_MAX = 128, KEY_MAX = 128 };

/* Zero or ERROR_CHANNEL_NAME. */
enum error channel_check(struct span name);
/* A channel, or a prefix with its '*': ERROR_CHANNEL_NAME, ERROR_PREFIX_NAME. */
enum error channel_or_prefix_check(struct span name);
enum error client_id_check(struct span client_id);
enum error event_type_check(struct span type);
enum error key_check(struct span key);

#endif
