/* A YAML file read event by event: a tree is never built, so neither depth nor aliases cost
 * anything. What is wrong is told and passed over, so that one run tells all; but where the text is
 * not YAML nothing behind it is looked at. */
#ifndef FRESHET_SERVER_CONFIG_READER_H
#define FRESHET_SERVER_CONFIG_READER_H

#include "server/settings.h"

#include <yaml.h>

struct config_reader {
    struct settings *settings; /* keep the texts */
    const char *path;
    struct span bytes;
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    int depth;          /* of maps and lists, with the one that it begins */
    bool over;          /* no further one: not YAML, or told enough */
    struct buf *wrongs;
    unsigned wrong_count;
    unsigned channels_line; /* where the key stands; 0: nowhere yet */
};

/* Begins at the stream's start. settings, path, bytes and wrongs are set. */
void config_reader_init(struct config_reader *reader);
void config_reader_fini(struct config_reader *reader);

/* Tells what is wrong; line 0: with the file as a whole. What comes from the file cannot forge a
 * line. */
__attribute__((format(printf, 3, 4))) void config_wrong(struct config_reader *reader, size_t line,
                                                        const char *format, ...);

/* The line of the current event. */
size_t config_line(const struct config_reader *reader);

/* A text of the file as messages show it: cut where it is long. */
struct config_shown {
    char text[68];
};
struct config_shown config_shown(struct span text);

/* The next event; false when there is none. */
bool config_next(struct config_reader *reader);

bool config_is(const struct config_reader *reader, yaml_event_type_t type);

/* From a node's first event to its last. */
bool config_skip(struct config_reader *reader);

/* Whether the node has neither an anchor nor a tag, nor is an alias. Told where not. */
bool config_is_plain(struct config_reader *reader);

/* Of a scalar: its text, until the next event; whether it is none. */
struct span config_scalar(const struct config_reader *reader);
bool config_is_null(const struct config_reader *reader);

/* The node as the one value of a key: text that lives as long as the settings. NULL where it is
 * none: told, and passed over. */
const char *config_take_text(struct config_reader *reader, const char *key);

#endif
