/* The settings of a hub: one table of rows (settings_rows.c) from which flags, variables, the keys
 * of the file, help and documentation come. Whole settings never change: a reload makes new ones,
 * and whoever works by them holds a reference. */
#ifndef FRESHET_SERVER_SETTINGS_H
#define FRESHET_SERVER_SETTINGS_H

#include "base/options.h"
#include "engine/rules.h"

enum { SETTINGS_LISTEN_MAX = 16 };

/* In a rule: the hub's own. */
#define SETTINGS_HUBS RULE_HUBS

/* What is kept on some channels, of the file's `channels`. */
struct settings_rule {
    const char *match; /* a channel, or the beginning of names and '*' */
    uint64_t history, ttl, history_bytes;
    unsigned line;
};

struct settings {
    struct option_texts listen;
    struct option_texts origins; /* --cors-origin */
    uint64_t workers;            /* 0: settings_workers */
    const char *config;          /* NULL: there is no file */
    bool print;
    const char *engine;
    uint64_t history, ttl, history_bytes, memory, max_channels;
    uint64_t max_event, max_head;
    uint64_t keepalive, retry, stall_timeout;
    uint64_t head_timeout, body_timeout, idle_timeout;
    uint64_t stop_spread, stop_timeout;
    unsigned log_format, log_level; /* which of their rows' choices; enum log_level */
    struct settings_rule *rules;    /* each match once, in the order of the file */
    size_t rule_count;
    int argument_count; /* what it was read from */
    char **arguments;
    struct options options; /* where each came from; empty after settings_init */
    _Atomic unsigned references;
};

/* In the order of --help, with headings. */
extern const struct option_row settings_rows[];
extern const size_t settings_row_count;

/* Of a rule in the file; the values are a struct settings_rule. */
extern const struct option_row settings_rule_rows[];
extern const size_t settings_rule_row_count;

/* How long data may lie unanswered in the kernel before the peer counts as gone, ms: longer than
 * the stall timeout, which is to speak first. */
static inline uint32_t settings_user_timeout(const struct settings *settings)
{
    return (uint32_t)settings->stall_timeout + 10000;
}

/* How many workers there are to be. */
unsigned settings_workers(const struct settings *settings);

/* The defaults, for settings of one's own that hold no reference and need no end. */
void settings_init(struct settings *settings);

enum { SETTINGS_WRONGS_MAX = 64 << 10 }; /* bytes that they need at most */

/* Reads the file, then the environment, then the flags: a later one wins. The last two outlive the
 * settings. The caller's reference; NULL where anything is wrong: then a line for each, with what
 * would be right, is added to wrongs. */
struct settings *settings_read(int count, char **arguments, struct buf *wrongs);

/* Where a setting comes from: `default`, `freshet.yaml:3`, `FRESHET_TTL`, `--ttl`. Errors of buf.
 */
enum error settings_print_origin(const struct settings *settings, const struct option_row *row,
                                 struct buf *out);

/* All settings in force, as a file that can be read again, each with where it comes from; out is
 * empty. Errors of buf. */
enum error settings_print(const struct settings *settings, struct buf *out);

/* Any thread. */
const struct settings *settings_ref(const struct settings *settings);
void settings_unref(const struct settings *settings);

#endif
