/* The log: made on the stack, written at once, never a lock. A line over 1 KiB is cut. Bytes that
 * could forge a line or move a terminal (a name may come from a stranger) are shown as '?'. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static enum log_level least_level = LOG_INFO;

void log_set_level(enum log_level least)
{
    least_level = least;
}

void log_line(enum log_level level, const char *event, const char *pairs, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if (level < least_level)
        return;
    char line[1024];
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t n = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &parts);
    n += (size_t)snprintf(line + n, sizeof line - n, ".%03ldZ %s %s ", now.tv_nsec / 1000000,
                          names[level], event);
    va_list args;
    va_start(args, pairs);
    int more = vsnprintf(line + n, sizeof line - n - 1, pairs, args);
    va_end(args);
    size_t room = sizeof line - n - 2;
    n += more < 0 ? 0 : (size_t)more > room ? room : (size_t)more;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, n) < 0)
        return; /* nowhere left to say it */
}

struct log_value log_value(struct span value)
{
    static const char hex[] = "0123456789ABCDEF";
    struct log_value out;
    size_t n = 0;
    for (size_t i = 0; i < value.n && n + 3 < sizeof out.text; i++) {
        unsigned char byte = (unsigned char)value.p[i];
        if (byte > 0x20 && byte != 0x7f && !strchr("\"%=", byte)) {
            out.text[n++] = (char)byte;
            continue;
        }
        out.text[n++] = '%';
        out.text[n++] = hex[byte >> 4];
        out.text[n++] = hex[byte & 15];
    }
    out.text[n] = '\0';
    return out;
}
