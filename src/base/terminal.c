/* The terminal. A line that wraps could not be written over, so it is cut, by letters. */
#include "base/terminal.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool shown; /* a line of progress stands on the terminal */

bool terminal_is(int fd)
{
    const char *kind = getenv("TERM");
    return isatty(fd) && kind && *kind && strcmp(kind, "dumb") != 0;
}

bool terminal_has_colours(int fd)
{
    const char *unwanted = getenv("NO_COLOR");
    return (!unwanted || !*unwanted) && terminal_is(fd);
}

unsigned terminal_width(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* The bytes of a text's first `letters` code points. */
static size_t front_of(struct span text, unsigned letters)
{
    size_t n = 0;
    uint32_t code_point;
    while (letters-- && n < text.n) {
        size_t step = utf8_next((struct span){text.p + n, text.n - n}, &code_point);
        n += step ? step : 1;
    }
    return n;
}

void progress_show(const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (!terminal_is(STDERR_FILENO))
        return;
    size_t n = front_of(span_from(line), terminal_width(STDERR_FILENO) - 1);
    fprintf(stderr, "\r\033[K%.*s", (int)n, line);
    shown = true;
}

void progress_clear(void)
{
    if (shown)
        fputs("\r\033[K", stderr);
    shown = false;
}
