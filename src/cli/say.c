/* Messages. */
#include "cli/say.h"

#include "base/span.h"
#include "base/terminal.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

/* Control characters (C0, DEL, C1) and what is no UTF-8 become question marks. */
static void make_harmless(char *text)
{
    struct span rest = span_from(text);
    while (rest.n) {
        uint32_t code = 0;
        size_t n = utf8_next(rest, &code), step = n ? n : 1;
        if (n == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0))
            memset(text + (rest.p - text), '?', step);
        rest = (struct span){rest.p + step, rest.n - step};
    }
}

void say(const char *format, ...)
{
    char line[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    make_harmless(line);
    progress_clear();
    fprintf(stderr, "freshet: %s\n", line);
}
