/* The settings of a hub: one table (settings.def) from which flags and help come. Plain data. */
#ifndef FRESHET_SERVER_SETTINGS_H
#define FRESHET_SERVER_SETTINGS_H

#include "base/buf.h"

#include <stdint.h>

enum { SETTINGS_LISTEN_MAX = 16, SETTINGS_ORIGINS_MAX = 64 };

struct settings {
    const char *listen[SETTINGS_LISTEN_MAX]; /* the caller's strings */
    size_t listen_count;
    const char *origins[SETTINGS_ORIGINS_MAX]; /* --cors-origin */
    size_t origin_count;
#define SETTING(field, flag, kind, initial, shown, help) uint64_t field;
#include "server/settings.def"
#undef SETTING
};

/* How long data may lie unanswered in the kernel before the peer counts as gone, ms: longer than
 * the stall timeout, which is to speak first. */
static inline uint32_t settings_user_timeout(const struct settings *settings)
{
    return (uint32_t)settings->stall_timeout + 10000;
}

/* The defaults; no listener yet. */
void settings_init(struct settings *settings);

/* Reads `--flag VALUE` and `--flag=VALUE`. False with a sentence in why (size bytes) that says what
 * would be right. Sets what was left out: --listen, --workers. */
bool settings_read_flags(struct settings *settings, int count, char **arguments, char *why,
                         size_t size);

/* The flags with defaults and help, for --help. Errors of buf. */
enum error settings_write_help(struct buf *out);

#endif
