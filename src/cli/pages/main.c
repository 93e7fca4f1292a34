/* freshet-pages KIND [TEMPLATE]: writes one page to standard output. Part of the build; it is not
 * installed. */
#include "cli/pages/pages.h"

#include <stdlib.h>

static const struct kind {
    const char *name;
    void (*write)(FILE *out);
    const struct page_part *parts; /* where it needs a template */
} kinds[] = {
    {"man", NULL, man_parts}, {"settings", NULL, settings_parts},
    {"bash", bash_write},     {"zsh", zsh_write},
    {"fish", fish_write},
};

static bool fill(const char *path, const struct page_part *parts)
{
    struct buf template;
    char piece[4096];
    size_t n;
    buf_init(&template, 1 << 20);
    FILE *file = fopen(path, "r");
    bool good = file;
    while (good && (n = fread(piece, 1, sizeof piece, file)))
        good = buf_append(&template, piece, n) == OK;
    if (!good || ferror(file))
        fprintf(stderr, "freshet-pages: %s cannot be read\n", path);
    else
        good = page_fill(buf_span(&template), parts, stdout);
    if (file)
        fclose(file);
    buf_fini(&template);
    return good;
}

int main(int count, char **arguments)
{
    const struct kind *kind = kinds, *end = kinds + sizeof kinds / sizeof *kinds;
    while (count > 1 && kind < end && strcmp(arguments[1], kind->name) != 0)
        kind++;
    if (count < 2 || kind == end || count != (kind->parts ? 3 : 2)) {
        fputs("usage: freshet-pages bash|zsh|fish\n       freshet-pages man|settings TEMPLATE\n",
              stderr);
        return 2;
    }
    bool good = !kind->parts || fill(arguments[2], kind->parts);
    if (good && kind->write)
        kind->write(stdout);
    return good && fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
