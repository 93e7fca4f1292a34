/* Between two places the text is copied whole. */
#include "bench/template.h"

enum place { PLACE_NONE, PLACE_CHANNEL, PLACE_NUMBER, PLACE_DATA, PLACE_TOKEN, PLACE_UNKNOWN };

static const struct name {
    const char *text;
    enum place place;
} names[] = {
    {"{channel}", PLACE_CHANNEL},
    {"{n}", PLACE_NUMBER},
    {"{data}", PLACE_DATA},
    {"{token}", PLACE_TOKEN},
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What begins with the brace at the front of `text`; *length is that of the place. */
static enum place place_at(struct span text, size_t *length)
{
    size_t n = 1;
    while (n < text.n && is_letter(text.p[n]))
        n++;
    if (n == 1 || n == text.n || text.p[n] != '}')
        return PLACE_NONE;
    *length = n + 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_equal((struct span){text.p, n + 1}, span_from(names[i].text)))
            return names[i].place;
    return PLACE_UNKNOWN;
}

const char *template_check(struct span text)
{
    for (size_t i = 0, n; i < text.n; i++)
        if (text.p[i] == '{' &&
            place_at((struct span){text.p + i, text.n - i}, &n) == PLACE_UNKNOWN)
            return "the places in braces are {channel}, {n}, {data} and {token}";
    return NULL;
}

static bool is_unreserved(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

static enum error write_value(struct buf *out, struct span value, enum template_escape escape)
{
    static const char hex[] = "0123456789ABCDEF";
    if (!value.p || escape == TEMPLATE_PLAIN)
        return value.p ? buf_append(out, value.p, value.n) : OK;
    enum error error = buf_reserve(out, 3 * value.n);
    if (error)
        return error;
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (is_unreserved(c)) {
            out->data[out->len++] = c;
        } else if (c == ' ' && escape == TEMPLATE_FORM) {
            out->data[out->len++] = '+';
        } else {
            out->data[out->len++] = '%';
            out->data[out->len++] = hex[(unsigned char)c >> 4];
            out->data[out->len++] = hex[(unsigned char)c & 15];
        }
    }
    return OK;
}

static enum error write_place(struct buf *out, enum place place,
                              const struct template_values *values, enum template_escape escape)
{
    switch (place) {
    case PLACE_CHANNEL:
        return write_value(out, values->channel, escape);
    case PLACE_NUMBER:
        return buf_printf(out, "%u", values->number);
    case PLACE_DATA:
        return write_value(out, values->data, escape);
    case PLACE_TOKEN:
        return write_value(out, values->token, escape);
    case PLACE_NONE:
    case PLACE_UNKNOWN:
        break;
    }
    return OK;
}

enum error template_write(struct buf *out, const char *text, const struct template_values *values,
                          enum template_escape escape)
{
    struct span rest = span_from(text);
    enum error error = OK;
    while (rest.n && !error) {
        const char *brace = memchr(rest.p, '{', rest.n);
        size_t n = brace ? (size_t)(brace - rest.p) : rest.n, length = 1;
        enum place place = PLACE_NONE;
        if (brace)
            place = place_at((struct span){brace, rest.n - n}, &length);
        if (place == PLACE_NONE && brace)
            n++;
        error = buf_append(out, rest.p, n);
        if (!error && place != PLACE_NONE) {
            error = write_place(out, place, values, escape);
            n += length;
        }
        rest = (struct span){rest.p + n, rest.n - n};
    }
    return error;
}
