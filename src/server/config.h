/* The file of settings: YAML, whose keys are the names of the rows (settings_rows.c), and
 * `channels`, a list of what differs by channel or prefix. */
#ifndef FRESHET_SERVER_CONFIG_H
#define FRESHET_SERVER_CONFIG_H

#include "server/settings.h"

enum {
    CONFIG_BYTES_MAX = 1 << 20,
    CONFIG_RULES_MAX = 10000,
    CONFIG_WRONGS_MAX = 20, /* that are told of one file */
};

/* Takes what the file says into settings that nobody else has yet. False where anything is wrong:
 * then a line for each, such as `freshet.yaml:12: histroy: no such key; did you mean history?`,
 * with its line end is added to wrongs. */
bool config_read(struct settings *settings, const char *path, struct buf *wrongs);

/* The same from bytes; path is what the file is called. */
bool config_parse(struct settings *settings, const char *path, struct span bytes,
                  struct buf *wrongs);

#endif
