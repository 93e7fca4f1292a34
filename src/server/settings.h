/* The settings of a hub: one table of rows (settings_rows.c) from which flags, variables, the keys
 * of the file, help and documentation come. Whole settings never change: a reload makes new ones,
 * and whoever works by them holds a reference. */
#ifndef FRESHET_SERVER_SETTINGS_H
#define FRESHET_SERVER_SETTINGS_H

#include "base/options.h"

enum { SETTINGS_LISTEN_MAX = 16 };

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
    struct options options;         /* where each came from; empty after settings_init */
    _Atomic unsigned references;
};

/* In the order of --help, with headings. */
extern const struct option_row settings_rows[];
extern const size_t settings_row_count;

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

/* Reads the environment and the flags, which outlive the settings. The caller's reference; NULL
 * with a sentence in why (size bytes) that says what would be right. */
struct settings *settings_read(int count, char **arguments, char *why, size_t size);

/* Any thread. */
const struct settings *settings_ref(const struct settings *settings);
void settings_unref(const struct settings *settings);

#endif
