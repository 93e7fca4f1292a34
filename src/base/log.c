/* The log: made on the stack, written at once, never a lock. Whoever reads it may hold the hub up
 * once, for a moment; then lines are dropped, and counted, until he reads on. A line over 1 KiB is
 * cut. Bytes that could forge a line or move a terminal (a name may come from a stranger) are shown
 * as '?', and so is what is no UTF-8. Both forms are made from the same pairs, already printed;
 * JSON goes by the format beside them, since a channel that is called 42 is no number. */
#include "base/log.h"

#include "base/utf8.h"

#include <ctype.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_MAX_BYTES = 1024,
    END_ROOM = sizeof "\",\"cut\":true}\n" - 1, /* what a line may need to end well */
    DIGITS = 15,                                /* of a number that is exact whoever reads it */
    PATIENCE_MS = 1000,                         /* with a reader who does not read */
};

struct line {
    char text[LINE_MAX_BYTES];
    size_t n;
    bool cut;
};

static _Atomic enum log_level least_level = LOG_INFO;
static _Atomic enum log_format line_format = LOG_TEXT;
static _Atomic unsigned long dropped; /* lines, since one was written */

void log_set_level(enum log_level least)
{
    atomic_store_explicit(&least_level, least, memory_order_relaxed);
}

void log_set_format(enum log_format format)
{
    atomic_store_explicit(&line_format, format, memory_order_relaxed);
}

/* Makes bytes that nobody should meet '?'. */
static void clean(char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t code;
        size_t step = utf8_next((struct span){text + i, n - i}, &code);
        if (!step || code < 0x20 || (code >= 0x7f && code < 0xa0)) {
            step = step ? step : 1;
            memset(text + i, '?', step);
        }
        i += step;
    }
}

/* All of it or nothing, with room left for the end. */
static void add(struct line *line, struct span text)
{
    if (line->cut || text.n + END_ROOM > sizeof line->text - line->n) {
        line->cut = true;
        return;
    }
    memcpy(line->text + line->n, text.p, text.n);
    line->n += text.n;
}

/* ---- JSON ---- */

static void add_escaped(struct line *line, struct span text)
{
    while (text.n && !line->cut) {
        uint32_t code;
        size_t step = utf8_next(text, &code);
        const char escaped[] = {'\\', *text.p};
        bool plain = *text.p != '"' && *text.p != '\\';
        add(line, plain ? (struct span){text.p, step} : (struct span){escaped, 2});
        text = (struct span){text.p + step, text.n - step};
    }
}

/* A number whole, a string as far as there is room, or nothing. */
static void add_member(struct line *line, struct span key, struct span value, bool number)
{
    size_t before = line->n;
    add(line, SPAN(",\""));
    add(line, key);
    add(line, SPAN("\":"));
    add(line, number ? value : SPAN("\""));
    if (line->cut) {
        line->n = before;
    } else if (!number) {
        add_escaped(line, value);
        line->text[line->n++] = '"';
    }
}

static bool is_number(struct span text)
{
    size_t start = text.n && *text.p == '-', i = start;
    while (i < text.n && isdigit((unsigned char)text.p[i]))
        i++;
    size_t digits = i - start;
    if (!digits || text.n > DIGITS || (digits > 1 && text.p[start] == '0'))
        return false;
    size_t point = i;
    while (++i < text.n && isdigit((unsigned char)text.p[i]))
        continue;
    return point == text.n || (text.p[point] == '.' && i == text.n && i > point + 1);
}

/* Cuts the next pair off the format; in quotes a blank ends none. */
static struct span next_format(struct span *format)
{
    bool quoted = false;
    size_t n = 0;
    while (n < format->n && (quoted || format->p[n] != ' '))
        quoted ^= format->p[n++] == '"';
    struct span pair = {format->p, n};
    size_t used = n + (n < format->n);
    *format = (struct span){format->p + used, format->n - used};
    return pair;
}

/* Cuts off the value in front of the printed pairs: up to the next format's key, or all. Where that
 * key was cut off the line, its quotes or a blank end it. */
static struct span next_value(struct span *pairs, struct span formats)
{
    char mark[64] = "";
    struct span key = span_cut(&formats, '=');
    snprintf(mark, sizeof mark, " %.*s=", (int)key.n, key.p);
    const char *end = key.n ? memmem(pairs->p, pairs->n, mark, strlen(mark)) : pairs->p + pairs->n;
    if (!end && pairs->n > 1 && *pairs->p == '"' && (end = memchr(pairs->p + 1, '"', pairs->n - 1)))
        end++;
    else if (!end)
        end = memchr(pairs->p, ' ', pairs->n);
    struct span value = {pairs->p, end ? (size_t)(end - pairs->p) : pairs->n};
    size_t used = value.n + (value.n < pairs->n);
    *pairs = (struct span){pairs->p + used, pairs->n - used};
    return value;
}

static struct span without_quotes(struct span text)
{
    if (!text.n || *text.p != '"')
        return text;
    size_t end = text.n > 1 && text.p[text.n - 1] == '"';
    return (struct span){text.p + 1, text.n - 1 - end};
}

static void add_members(struct line *line, struct span formats, struct span pairs, bool cut)
{
    while (formats.n && pairs.n && !line->cut) {
        struct span format = next_format(&formats);
        bool text = memmem(format.p, format.n, "%s", 2);
        struct span key = span_cut(&format, '=');
        if (pairs.n <= key.n) /* cut off within the key */
            return;
        pairs = (struct span){pairs.p + key.n + 1, pairs.n - key.n - 1};
        struct span value = next_value(&pairs, formats);
        if (cut && !pairs.n && !text) /* the front of a number is another number */
            return;
        add_member(line, key, without_quotes(value), !text && is_number(value));
    }
}

static void make_json(struct line *line, const char *time, const char *level, const char *event,
                      const char *formats, struct span pairs)
{
    bool cut = line->cut;
    line->cut = false;
    line->n = (size_t)snprintf(line->text, sizeof line->text, "{\"time\":\"%s\",\"level\":\"%s\"",
                               time, level);
    add_member(line, SPAN("event"), span_from(event), false);
    add_members(line, span_from(formats), pairs, cut);
    const char *end = cut || line->cut ? ",\"cut\":true}\n" : "}\n";
    memcpy(line->text + line->n, end, strlen(end));
    line->n += strlen(end);
}

/* ---- lines ---- */

static void make_text(struct line *line, const char *time, const char *level, const char *event,
                      struct span pairs)
{
    line->n = (size_t)snprintf(line->text, sizeof line->text, "%s %s %s ", time, level, event);
    size_t room = sizeof line->text - line->n - 1;
    size_t n = pairs.n < room ? pairs.n : room;
    memcpy(line->text + line->n, pairs.p, n);
    line->n += n;
    line->text[line->n++] = '\n';
}

static void print_time(char out[32])
{
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + n, 32 - n, ".%03ldZ", now.tv_nsec / 1000000);
}

/* A pipe that is writable takes a whole line. */
static bool may_write(void)
{
    struct pollfd end = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&end, 1, atomic_load(&dropped) ? 0 : PATIENCE_MS) != 0;
}

static void write_line(const struct line *line)
{
    if (!may_write()) {
        atomic_fetch_add(&dropped, 1);
        return;
    }
    unsigned long lines = atomic_exchange(&dropped, 0);
    if (write(STDERR_FILENO, line->text, line->n) < 0)
        return; /* nowhere left to say it */
    if (lines)
        log_line(LOG_WARN, "log.dropped", "lines=%lu", lines);
}

void log_line(enum log_level level, const char *event, const char *pairs, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if (level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;
    char time[32], printed[LINE_MAX_BYTES];
    struct line line;
    va_list args;
    va_start(args, pairs);
    int n = vsnprintf(printed, sizeof printed, pairs, args);
    va_end(args);
    line.cut = n >= (int)sizeof printed;
    struct span all = {printed, n < 0 ? 0 : line.cut ? sizeof printed - 1 : (size_t)n};
    clean(printed, all.n);
    print_time(time);
    if (atomic_load_explicit(&line_format, memory_order_relaxed) == LOG_JSON)
        make_json(&line, time, names[level], event, pairs, all);
    else
        make_text(&line, time, names[level], event, all);
    write_line(&line);
}

/* ---- values ---- */

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

struct log_value log_words(const char *words)
{
    struct log_value out;
    snprintf(out.text, sizeof out.text, "%s", words);
    for (char *c = out.text; (c = strchr(c, '"'));)
        *c = '\'';
    return out;
}
