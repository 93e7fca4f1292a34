/* Printing events. On a terminal a line is
 *
 *     14:03:07  1795327500123-0  stocks:a  tick  {"n":1}
 *
 * with further lines of data below the first. A column is as wide as its widest text was yet, up to
 * a limit, and is not there before it is needed. */
#include "cli/sub_print.h"

#include "base/terminal.h"
#include "base/utf8.h"
#include "base/visible.h"
#include "json/scan.h"
#include "json/write.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum {
    ID_WIDTH_MAX = 24,
    CHANNEL_WIDTH_MAX = 24,
    TYPE_WIDTH_MAX = 16,
    IDS_FROM_WIDTH = 100, /* columns of a terminal that has room for ids */
    CHANNEL_MAX = 4096,
};

static const char dim[] = "\033[2m", normal[] = "\033[0m", channel_colour[] = "\033[36m";

bool sub_print_wants_envelope(enum sub_form form)
{
    return form == SUB_DATA && isatty(STDOUT_FILENO);
}

void sub_print_init(struct sub_print *print, enum sub_form form, bool enveloped)
{
    *print = (struct sub_print){
        .form = form,
        .terminal = isatty(STDOUT_FILENO),
        .colours = terminal_has_colours(STDOUT_FILENO),
        .ids = terminal_width(STDOUT_FILENO) >= IDS_FROM_WIDTH,
        .enveloped = enveloped,
    };
    buf_init(&print->channel, CHANNEL_MAX);
    buf_init(&print->data, SIZE_MAX / 2);
}

void sub_print_fini(struct sub_print *print)
{
    buf_fini(&print->channel);
    buf_fini(&print->data);
}

/* ---- the envelope ---- */

static enum error take_member(void *context, const struct json_member *member)
{
    struct sub_print *print = context;
    struct span value = member->value;
    bool text = member->kind == JSON_KIND_STRING;
    struct buf *out = json_string_is(member->name, SPAN("channel")) && text ? &print->channel
                      : json_string_is(member->name, SPAN("data"))          ? &print->data
                                                                            : NULL;
    if (!out)
        return OK;
    out->len = 0;
    return text ? json_string_decode((struct span){value.p + 1, value.n - 2}, out)
                : buf_append(out, value.p, value.n);
}

/* What is no envelope after all is shown as it is. */
static struct span open_envelope(struct sub_print *print, struct span data)
{
    print->channel.len = print->data.len = 0;
    enum error error = json_scan(data, NULL, take_member, print, NULL);
    if (!error && print->channel.len)
        return buf_span(&print->data);
    print->channel.len = 0;
    return data;
}

/* ---- columns ---- */

static size_t letters(struct span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    return count;
}

void sub_print_expect(struct sub_print *print, struct span channel)
{
    size_t n = letters(channel);
    if (n > print->channel_width)
        print->channel_width = n < CHANNEL_WIDTH_MAX ? n : CHANNEL_WIDTH_MAX;
}

/* The text padded to the column's width; two blanks part it from the next. *column moves on. */
static enum error write_cell(const struct sub_print *print, const char *colour, struct span text,
                             size_t *width, size_t most, size_t *column, struct buf *out)
{
    struct buf shown;
    buf_init(&shown, 8 * text.n + 1);
    enum error error = visible_write(text, VISIBLE_LINE, &shown);
    size_t n = letters(buf_span(&shown));
    if (n > *width)
        *width = n < most ? n : most;
    if (!error && *width) {
        size_t pad = n < *width ? *width - n : 0;
        error = buf_printf(out, "%s%.*s%s%*s", print->colours ? colour : "", (int)shown.len,
                           buf_span(&shown).p, print->colours ? normal : "", (int)pad + 2, "");
        *column += n + pad + 2;
    }
    buf_fini(&shown);
    return error;
}

/* The same type has the same colour, in every run. */
static const char *colour_of(struct span type)
{
    static const char *const colours[] = {"\033[32m", "\033[33m", "\033[34m",
                                          "\033[35m", "\033[91m", "\033[94m"};
    unsigned sum = 0;
    for (size_t i = 0; i < type.n; i++)
        sum = sum * 31 + (unsigned char)type.p[i];
    return colours[sum % (sizeof colours / sizeof *colours)];
}

static enum error write_lines(struct span data, size_t column, struct buf *out)
{
    enum error error = OK;
    for (bool more = true; more && !error;) {
        more = memchr(data.p, '\n', data.n) != NULL;
        struct span line = span_cut(&data, '\n');
        error = visible_write(line, VISIBLE_LINES, out);
        if (!error)
            error = more ? buf_printf(out, "\n%*s", (int)column, "") : buf_append(out, "\n", 1);
    }
    return error;
}

static enum error write_columns(struct sub_print *print, const struct sse_event *event,
                                struct buf *out)
{
    char clock[16];
    time_t now = time(NULL);
    struct tm local;
    size_t column = 0, clock_width = 8;
    struct span data = print->enveloped ? open_envelope(print, event->data) : event->data;
    struct span type = span_equal(event->type, SPAN("message")) ? SPAN("") : event->type;
    struct span channel = print->enveloped ? buf_span(&print->channel) : SPAN("");
    strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&now, &local));
    enum error error =
        write_cell(print, dim, span_from(clock), &clock_width, clock_width, &column, out);
    if (!error && print->ids)
        error = write_cell(print, dim, event->id, &print->id_width, ID_WIDTH_MAX, &column, out);
    if (!error)
        error = write_cell(print, channel_colour, channel, &print->channel_width, CHANNEL_WIDTH_MAX,
                           &column, out);
    if (!error)
        error = write_cell(print, colour_of(type), type, &print->type_width, TYPE_WIDTH_MAX,
                           &column, out);
    return error ? error : write_lines(data, column, out);
}

/* ---- the forms ---- */

static enum error write_json(const struct sse_event *event, struct buf *out)
{
    enum error error = buf_printf(out, "{\"id\":");
    if (!error)
        error = json_write_string(event->id, out);
    if (!error)
        error = buf_printf(out, ",\"event\":");
    if (!error)
        error = json_write_string(event->type, out);
    if (!error)
        error = buf_printf(out, ",\"data\":");
    if (!error)
        error = json_write_string(event->data, out);
    return error ? error : buf_printf(out, "}\n");
}

/* JSON for a terminal means the same, with escapes for what it would obey. */
static enum error write_visible_json(struct sub_print *print, const struct sse_event *event,
                                     struct buf *out)
{
    print->data.len = 0;
    enum error error = write_json(event, &print->data);
    struct span line = buf_span(&print->data);
    if (!error)
        error = visible_write((struct span){line.p, line.n - 1}, VISIBLE_JSON, out);
    return error ? error : buf_append(out, "\n", 1);
}

enum error sub_print_event(struct sub_print *print, const struct sse_event *event, struct buf *out)
{
    switch (print->form) {
    case SUB_RAW:
        return OK;
    case SUB_JSON:
        return print->terminal ? write_visible_json(print, event, out) : write_json(event, out);
    case SUB_DATA:
        break;
    }
    if (print->terminal)
        return write_columns(print, event, out);
    enum error error = buf_append(out, event->data.p, event->data.n);
    return error ? error : buf_append(out, "\n", 1);
}

enum error sub_print_bytes(const struct sub_print *print, struct span bytes, struct buf *out)
{
    return print->terminal ? visible_write(bytes, VISIBLE_LINES, out)
                           : buf_append(out, bytes.p, bytes.n);
}
