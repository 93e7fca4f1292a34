/* Settings: read from their sources by the table. */
#include "server/settings.h"

#include "base/check.h"
#include "engine/engine.h"
#include "server/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void settings_init(struct settings *settings)
{
    struct options options;
    *settings = (struct settings){.references = 1};
    options_init(&options, settings_rows, settings_row_count, settings);
    options_fini(&options); /* the defaults' texts are the table's */
}

unsigned settings_workers(const struct settings *settings)
{
    long workers = settings->workers ? (long)settings->workers : sysconf(_SC_NPROCESSORS_ONLN);
    return workers < 1 ? 1 : workers > ENGINE_WORKERS_MAX ? ENGINE_WORKERS_MAX : (unsigned)workers;
}

static struct settings *new_settings(void)
{
    struct settings *settings = memory_new(sizeof *settings);
    settings->references = 1;
    options_init(&settings->options, settings_rows, settings_row_count, settings);
    return settings;
}

static bool read_variables_and_flags(struct settings *settings, int count, char **arguments,
                                     struct buf *wrongs)
{
    struct options *options = &settings->options;
    bool good = options_check_variables(options) && options_read_variables(options) &&
                options_read_flags(options, &count, arguments);
    if (good && count)
        snprintf(options->why, sizeof options->why, "%s: not a flag; flags begin with --",
                 arguments[0]);
    if (good && !count)
        return true;
    (void)buf_printf(wrongs, "%s\n", options->why);
    return false;
}

struct settings *settings_read(int count, char **arguments, struct buf *wrongs)
{
    struct settings *settings = new_settings();
    bool good = read_variables_and_flags(settings, count, arguments, wrongs);
    if (good && settings->config) { /* again, over the file */
        const char *path = settings->config;
        settings_unref(settings);
        settings = new_settings();
        good = config_read(settings, path, wrongs) &&
               read_variables_and_flags(settings, count, arguments, wrongs);
    }
    settings->argument_count = count;
    settings->arguments = arguments;
    if (good)
        return settings;
    settings_unref(settings);
    return NULL;
}

const struct settings *settings_ref(const struct settings *settings)
{
    ((struct settings *)settings)->references++;
    return settings;
}

void settings_unref(const struct settings *settings)
{
    struct settings *mutable = (struct settings *)settings;
    if (--mutable->references)
        return;
    free(mutable->rules);
    options_fini(&mutable->options);
    free(mutable);
}
