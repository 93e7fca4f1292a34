/* Reading settings again: compared as people write them, row by row. */
#include "server/reload.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

/* A value as the log shows it: a list without blanks. */
static struct log_value shown(const struct settings *settings, const struct option_row *row)
{
    struct buf text;
    struct log_value value = {"?"};
    buf_init(&text, 64 << 10);
    if (option_print(&settings->options, row, &text) == OK) {
        size_t n = 0;
        for (size_t i = 0; i < text.len; i++)
            if (text.data[i] != ' ')
                text.data[n++] = text.data[i];
        value = log_value((struct span){buf_span(&text).p, n});
    }
    buf_fini(&text);
    return value;
}

static bool is_same(const struct settings *a, const struct settings *b,
                    const struct option_row *row)
{
    struct buf one, other;
    buf_init(&one, 64 << 10);
    buf_init(&other, 64 << 10);
    bool same = option_print(&a->options, row, &one) == OK &&
                option_print(&b->options, row, &other) == OK &&
                span_equal(buf_span(&one), buf_span(&other));
    buf_fini(&one);
    buf_fini(&other);
    return same;
}

static bool are_same_rules(const struct settings *a, const struct settings *b)
{
    bool same = a->rule_count == b->rule_count;
    for (size_t i = 0; same && i < a->rule_count; i++) {
        const struct settings_rule *one = &a->rules[i], *other = &b->rules[i];
        same = strcmp(one->match, other->match) == 0 && one->history == other->history &&
               one->ttl == other->ttl && one->history_bytes == other->history_bytes;
    }
    return same;
}

void reload_refused(const char *why)
{
    log_line(LOG_ERROR, "settings.refused", "error=\"%s\"", log_words(why).text);
}

static void refuse(struct span wrongs)
{
    while (wrongs.n) {
        struct span line = span_cut(&wrongs, '\n');
        char why[OPTIONS_WHY_MAX];
        snprintf(why, sizeof why, "%.*s", (int)line.n, line.p);
        reload_refused(why);
    }
}

static void keep_what_only_a_restart_changes(const struct settings *old, struct settings *fresh)
{
    for (size_t i = 0; i < settings_row_count; i++) {
        const struct option_row *row = &settings_rows[i];
        if (row->kind == OPTION_HEADING || row->reload || is_same(old, fresh, row))
            continue;
        log_line(LOG_WARN, "settings.needs-restart", "key=%s is=%s asked=%s", row->name,
                 shown(old, row).text, shown(fresh, row).text);
        options_copy(&fresh->options, &old->options, row);
    }
}

struct settings *reload_read(const struct settings *old)
{
    struct buf wrongs;
    buf_init(&wrongs, SETTINGS_WRONGS_MAX);
    struct settings *fresh = settings_read(old->argument_count, old->arguments, &wrongs);
    if (fresh)
        keep_what_only_a_restart_changes(old, fresh);
    else
        refuse(buf_span(&wrongs));
    buf_fini(&wrongs);
    return fresh;
}

static unsigned tell_changes(const struct settings *old, const struct settings *fresh)
{
    unsigned count = 0;
    for (size_t i = 0; i < settings_row_count; i++) {
        const struct option_row *row = &settings_rows[i];
        if (row->kind == OPTION_HEADING || is_same(old, fresh, row))
            continue;
        log_line(LOG_INFO, "settings.changed", "key=%s from=%s to=%s", row->name,
                 shown(old, row).text, shown(fresh, row).text);
        count++;
    }
    if (are_same_rules(old, fresh))
        return count;
    log_line(LOG_INFO, "settings.changed", "key=channels rules=%zu", fresh->rule_count);
    return count + 1;
}

void reload_tell(const struct settings *old, const struct settings *fresh)
{
    unsigned level = old->log_level < fresh->log_level ? old->log_level : fresh->log_level;
    log_set_level((enum log_level)level); /* a change of the level itself is told by either */
    log_set_format((enum log_format)fresh->log_format);
    log_line(LOG_INFO, "settings.reloaded", "changed=%u", tell_changes(old, fresh));
    log_set_level((enum log_level)fresh->log_level);
}

bool reload_limits(const struct settings *settings, struct tail_limits *limits)
{
    *limits = (struct tail_limits){.history = settings->history,
                                   .history_bytes = settings->history_bytes,
                                   .ttl_ms = settings->ttl,
                                   .memory = settings->memory,
                                   .channels = settings->max_channels};
    if (!settings->rule_count)
        return true;
    struct rule *rules = calloc(settings->rule_count, sizeof *rules);
    for (size_t i = 0; rules && i < settings->rule_count; i++) {
        const struct settings_rule *rule = &settings->rules[i];
        rules[i] = (struct rule){.match = span_from(rule->match),
                                 .history = rule->history,
                                 .history_bytes = rule->history_bytes,
                                 .ttl_ms = rule->ttl};
    }
    limits->rules = rules ? rules_new(rules, settings->rule_count) : NULL;
    free(rules);
    return limits->rules;
}
