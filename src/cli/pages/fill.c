/* Templates: lines as they are, and parts put in between their two. */
#include "cli/pages/pages.h"

static bool holds(struct span line, const char *front, const char *name, const char *back)
{
    char mark[64];
    int n = snprintf(mark, sizeof mark, "%s%s%s", front, name, back);
    return line.n && memmem(line.p, line.n, mark, (size_t)n);
}

bool page_fill(struct span template, const struct page_part *parts, FILE *out)
{
    while (template.n) {
        struct span line = span_cut(&template, '\n');
        fprintf(out, "%.*s\n", (int)line.n, line.p);
        const struct page_part *part = parts;
        while (part->name && !holds(line, "[[", part->name, ""))
            part++;
        if (!part->name)
            continue;
        part->write(out);
        do
            line = span_cut(&template, '\n');
        while (template.n && !holds(line, "", part->name, "]]"));
        if (!holds(line, "", part->name, "]]")) {
            fprintf(stderr, "freshet-pages: the part %s does not end\n", part->name);
            return false;
        }
        fprintf(out, "%.*s\n", (int)line.n, line.p);
    }
    return true;
}
