/* Names. */
#include "server/names.h"

#include "base/utf8.h"

/* Valid UTF-8 without control characters (C0, DEL and C1) and without '*'. */
static bool plain(struct span name)
{
    while (name.n) {
        uint32_t code;
        size_t n = utf8_next(name, &code);
        if (n == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0) || code == '*')
            return false;
        name = (struct span){name.p + n, name.n - n};
    }
    return true;
}

enum error channel_check(struct span name)
{
    bool good = name.n >= 1 && name.n <= CHANNEL_MAX && name.p[0] != '@' && plain(name);
    return good ? OK : ERROR_CHANNEL_NAME;
}

enum error channel_or_prefix_check(struct span name)
{
    if (name.n == 0 || name.p[name.n - 1] != '*')
        return memchr(name.p ? name.p : "", '*', name.n) ? ERROR_PREFIX_NAME : channel_check(name);
    struct span prefix = {name.p, name.n - 1};
    return prefix.n == 0 || channel_check(prefix) == OK ? OK : ERROR_PREFIX_NAME;
}

enum error client_id_check(struct span client_id)
{
    if (client_id.n < 1 || client_id.n > CLIENT_ID_MAX)
        return ERROR_CLIENT_ID;
    for (size_t i = 0; i < client_id.n; i++) {
        char c = client_id.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || !strchr("._-:@", c)))
            return ERROR_CLIENT_ID;
    }
    return OK;
}

enum error event_type_check(struct span type)
{
    if (type.n < 1 || type.n > EVENT_TYPE_MAX || span_starts(type, SPAN("freshet.")) ||
        !utf8_valid(type))
        return ERROR_EVENT_TYPE;
    for (size_t i = 0; i < type.n; i++)
        if (type.p[i] == '\r' || type.p[i] == '\n' || type.p[i] == '\0')
            return ERROR_EVENT_TYPE;
    return OK;
}

enum error key_check(struct span key)
{
    if (key.n < 1 || key.n > KEY_MAX)
        return ERROR_KEY_SYNTAX;
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] <= ' ' || key.p[i] > '~')
            return ERROR_KEY_SYNTAX;
    return OK;
}
