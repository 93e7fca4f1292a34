/* The JSON scanner: one walk over the text, at each token one step. What is open is a bit for each
 * depth (object or array), what may come next is one of six states; nothing else is remembered but
 * the top-level member that is under way. Knows nothing of what members mean.
 * Invariant: `p` stands before the next byte, and after an error on the byte that cannot stand
 * there. */
#include "json/scan.h"

#include "base/utf8.h"
#include "json/escape.h"

#include <stdint.h>

enum next { VALUE, VALUE_OR_END, NAME, NAME_OR_END, COMMA_OR_END, NOTHING };

struct scan {
    const char *p;
    const char *end;
    enum next next;
    unsigned depth;
    uint64_t objects; /* bit d: what was opened at depth d is an object */
    enum json_kind kind;
    struct json_member member;
    json_member_fn *on_member;
    void *context;
};

_Static_assert(JSON_DEPTH_MAX <= 64, "one bit a depth");

static enum error refuse(struct scan *scan, const char *at, enum error error)
{
    scan->p = at;
    return error;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_space(struct scan *scan)
{
    while (scan->p < scan->end && is_space(*scan->p))
        scan->p++;
}

/* The first byte from p on that is not simply part of a string: a quote, a backslash, a control
 * character, or one that is not ASCII. Eight at a time: a subtraction borrows into a byte's highest
 * bit where the byte is below what was subtracted. The borrow may run on into the bytes above, so
 * the last few are looked at singly. */
static const char *skip_plain(const char *p, const char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    while (end - p >= 8) {
        uint64_t eight;
        memcpy(&eight, p, 8);
        uint64_t control = eight - ones * 0x20;
        uint64_t quote = (eight ^ ones * '"') - ones;
        uint64_t backslash = (eight ^ ones * '\\') - ones;
        if ((eight | control | quote | backslash) & high)
            break;
        p += 8;
    }
    while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' &&
           *p != '\\')
        p++;
    return p;
}

static enum error scan_string(struct scan *scan)
{
    const char *p = scan->p + 1, *end = scan->end;
    for (;;) {
        uint32_t code;
        p = skip_plain(p, end);
        if (p == end)
            return refuse(scan, p, ERROR_JSON_SYNTAX);
        if (*p == '"')
            break;
        if (*p == '\\') {
            const char *bad;
            p = json_escape_read(p, end, &code, &bad);
            if (!p)
                return refuse(scan, bad, ERROR_JSON_SYNTAX);
        } else if ((unsigned char)*p < 0x20) {
            return refuse(scan, p, ERROR_JSON_SYNTAX);
        } else {
            size_t n = utf8_next((struct span){p, (size_t)(end - p)}, &code);
            if (n == 0)
                return refuse(scan, p, ERROR_UTF8);
            p += n;
        }
    }
    scan->p = p + 1;
    return OK;
}

static bool skip_digits(struct scan *scan)
{
    const char *start = scan->p;
    while (scan->p < scan->end && is_digit(*scan->p))
        scan->p++;
    return scan->p > start;
}

static bool skip_one(struct scan *scan, char c)
{
    if (scan->p == scan->end || *scan->p != c)
        return false;
    scan->p++;
    return true;
}

static enum error scan_number(struct scan *scan)
{
    skip_one(scan, '-');
    if (!skip_one(scan, '0') && !skip_digits(scan))
        return ERROR_JSON_SYNTAX;
    if (skip_one(scan, '.') && !skip_digits(scan))
        return ERROR_JSON_SYNTAX;
    if (!skip_one(scan, 'e') && !skip_one(scan, 'E'))
        return OK;
    if (!skip_one(scan, '+'))
        skip_one(scan, '-');
    return skip_digits(scan) ? OK : ERROR_JSON_SYNTAX;
}

static enum error scan_word(struct scan *scan, const char *word)
{
    for (; *word; word++)
        if (!skip_one(scan, *word))
            return ERROR_JSON_SYNTAX;
    return OK;
}

static bool in_object(const struct scan *scan)
{
    return scan->depth > 0 && (scan->objects >> (scan->depth - 1) & 1);
}

static enum error end_value(struct scan *scan)
{
    scan->next = scan->depth == 0 ? NOTHING : COMMA_OR_END;
    if (scan->depth != 1 || !in_object(scan) || !scan->on_member)
        return OK;
    scan->member.value.n = (size_t)(scan->p - scan->member.value.p);
    enum error error = scan->on_member(scan->context, &scan->member);
    return error ? refuse(scan, scan->member.name.p - 1, error) : OK;
}

static enum error open_container(struct scan *scan, bool object)
{
    if (scan->depth == JSON_DEPTH_MAX)
        return ERROR_JSON_DEPTH;
    uint64_t bit = UINT64_C(1) << scan->depth;
    scan->objects = object ? scan->objects | bit : scan->objects & ~bit;
    scan->depth++;
    scan->next = object ? NAME_OR_END : VALUE_OR_END;
    scan->p++;
    return OK;
}

static enum error close_container(struct scan *scan)
{
    scan->depth--;
    scan->p++;
    return end_value(scan);
}

static enum error scan_scalar(struct scan *scan, enum json_kind kind)
{
    switch (kind) {
    case JSON_KIND_STRING:
        return scan_string(scan);
    case JSON_KIND_NUMBER:
        return scan_number(scan);
    case JSON_KIND_TRUE:
        return scan_word(scan, "true");
    case JSON_KIND_FALSE:
        return scan_word(scan, "false");
    default:
        return scan_word(scan, "null");
    }
}

static bool kind_of(char first, enum json_kind *kind)
{
    static const char firsts[] = "{[\"tfn-";
    static const enum json_kind kinds[] = {JSON_KIND_OBJECT, JSON_KIND_ARRAY, JSON_KIND_STRING,
                                           JSON_KIND_TRUE,   JSON_KIND_FALSE, JSON_KIND_NULL,
                                           JSON_KIND_NUMBER};
    const char *found = memchr(firsts, is_digit(first) ? '-' : first, sizeof firsts - 1);
    if (found)
        *kind = kinds[found - firsts];
    return found != NULL;
}

static enum error scan_value(struct scan *scan)
{
    enum json_kind kind;
    if (!kind_of(*scan->p, &kind))
        return ERROR_JSON_SYNTAX;
    if (scan->depth == 0)
        scan->kind = kind;
    if (scan->depth == 1) {
        scan->member.kind = kind;
        scan->member.value.p = scan->p;
    }
    if (kind == JSON_KIND_OBJECT || kind == JSON_KIND_ARRAY)
        return open_container(scan, kind == JSON_KIND_OBJECT);
    enum error error = scan_scalar(scan, kind);
    return error ? error : end_value(scan);
}

static enum error scan_name(struct scan *scan)
{
    if (*scan->p != '"')
        return ERROR_JSON_SYNTAX;
    const char *start = scan->p + 1;
    enum error error = scan_string(scan);
    if (error)
        return error;
    if (scan->depth == 1)
        scan->member.name = (struct span){start, (size_t)(scan->p - 1 - start)};
    skip_space(scan);
    scan->next = VALUE;
    return skip_one(scan, ':') ? OK : ERROR_JSON_SYNTAX;
}

static enum error step(struct scan *scan)
{
    bool object = in_object(scan);
    if (*scan->p == (object ? '}' : ']') &&
        (scan->next == NAME_OR_END || scan->next == VALUE_OR_END || scan->next == COMMA_OR_END))
        return close_container(scan);
    switch (scan->next) {
    case VALUE:
    case VALUE_OR_END:
        return scan_value(scan);
    case NAME:
    case NAME_OR_END:
        return scan_name(scan);
    case COMMA_OR_END:
        scan->next = object ? NAME : VALUE;
        return skip_one(scan, ',') ? OK : ERROR_JSON_SYNTAX;
    default:
        return ERROR_JSON_SYNTAX;
    }
}

enum error json_scan(struct span text, enum json_kind *kind, json_member_fn *on_member,
                     void *context, size_t *at)
{
    const char *start = text.n ? text.p : "";
    struct scan scan = {start, start + text.n, .on_member = on_member, .context = context};
    enum error error = OK;
    skip_space(&scan);
    while (scan.p < scan.end && !(error = step(&scan)))
        skip_space(&scan);
    if (!error && scan.next != NOTHING)
        error = ERROR_JSON_SYNTAX;
    if (error && at)
        *at = (size_t)(scan.p - start);
    if (!error && kind)
        *kind = scan.kind;
    return error;
}

struct search {
    struct span name;
    struct json_member found; /* name.p is NULL until there is one */
};

static enum error find_string(void *context, const struct json_member *member)
{
    struct search *search = context;
    if (member->kind != JSON_KIND_STRING || !json_string_is(member->name, search->name))
        return OK;
    if (search->found.name.p)
        return ERROR_JSON_TWICE;
    search->found = *member;
    return OK;
}

/* Widens [start, end) of a member to the comma before it or else the one after it. The text has
 * been scanned, so that beyond the white space there is a comma or a brace. */
static void widen_to_comma(const char **start, const char **end)
{
    const char *before = *start - 1, *after = *end;
    while (is_space(*before))
        before--;
    while (is_space(*after))
        after++;
    if (*before == ',')
        *start = before;
    else if (*after == ',')
        *end = after + 1;
}

enum error json_cut_string(char *text, size_t *length, struct span name, struct buf *value,
                           bool *found, size_t *at)
{
    struct search search = {.name = name};
    *found = false;
    enum error error = json_scan((struct span){text, *length}, NULL, find_string, &search, at);
    if (error || !search.found.name.p)
        return error;
    struct span quoted = search.found.value;
    error = json_string_decode((struct span){quoted.p + 1, quoted.n - 2}, value);
    if (error)
        return error;
    const char *start = search.found.name.p - 1, *end = quoted.p + quoted.n;
    widen_to_comma(&start, &end);
    memmove(text + (start - text), end, (size_t)(text + *length - end));
    *length -= (size_t)(end - start);
    *found = true;
    return OK;
}
