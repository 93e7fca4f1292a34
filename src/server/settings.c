/* Settings: read from their sources by the table. */
#include "server/settings.h"

#include "base/check.h"
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void settings_init(struct settings *settings)
{
    struct options options;
    *settings = (struct settings){0};
    options_init(&options, settings_rows, settings_row_count, settings);
    options_fini(&options); /* the defaults' texts are the table's */
}

unsigned settings_workers(const struct settings *settings)
{
    long workers = settings->workers ? (long)settings->workers : sysconf(_SC_NPROCESSORS_ONLN);
    return workers < 1 ? 1 : workers > ENGINE_WORKERS_MAX ? ENGINE_WORKERS_MAX : (unsigned)workers;
}

static bool read_all(struct settings *settings, int count, char **arguments)
{
    struct options *options = &settings->options;
    if (!options_read_variables(options) || !options_read_flags(options, &count, arguments))
        return false;
    if (count)
        snprintf(options->why, sizeof options->why, "%s: not a flag; flags begin with --",
                 arguments[0]);
    return count == 0;
}

struct settings *settings_read(int count, char **arguments, char *why, size_t size)
{
    struct settings *settings = memory_new(sizeof *settings);
    settings->references = 1;
    options_init(&settings->options, settings_rows, settings_row_count, settings);
    if (read_all(settings, count, arguments))
        return settings;
    snprintf(why, size, "%s", settings->options.why);
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
    options_fini(&mutable->options);
    free(mutable);
}
