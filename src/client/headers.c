/* Lists of headers. */
#include "client/headers.h"

#include "base/check.h"

#include <stdlib.h>

const char *header_check(struct span line)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    struct span value = line, name = span_cut(&value, ':');
    if (name.n == line.n || name.n == 0)
        return "write a header as `Name: value`";
    for (size_t i = 0; i < name.n; i++)
        if (!memchr(token, name.p[i], sizeof token - 1))
            return "a header's name has letters, digits and hyphens";
    for (size_t i = 0; i < value.n; i++)
        if (((unsigned char)value.p[i] < ' ' && value.p[i] != '\t') || value.p[i] == 0x7f)
            return "a header has no control characters";
    return NULL;
}

struct curl_slist *header_add(struct curl_slist *list, struct span name, struct span value)
{
    while (value.n && (*value.p == ' ' || *value.p == '\t'))
        value.p++, value.n--;
    char *line = memory_new(name.n + value.n + 3);
    memcpy(line, name.p, name.n);
    memcpy(line + name.n, value.n ? ": " : ";",
           value.n ? 2 : 1); /* libcurl's way of an empty one */
    if (value.n)
        memcpy(line + name.n + 2, value.p, value.n);
    struct curl_slist *longer = curl_slist_append(list, line);
    free(line);
    CHECK(longer);
    return longer;
}

static bool is_given(struct span name, const char *const *given, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct span line = span_from(given[i]);
        if (span_equal_nocase(span_cut(&line, ':'), name))
            return true;
    }
    return false;
}

static struct curl_slist *add_line(struct curl_slist *list, struct span line)
{
    struct span name = span_cut(&line, ':');
    return header_add(list, name, line);
}

struct curl_slist *headers_new(const char *const *own, size_t own_count, const char *const *given,
                               size_t given_count)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < own_count; i++) {
        struct span rest = span_from(own[i]), name = span_cut(&rest, ':');
        if (!is_given(name, given, given_count))
            list = add_line(list, span_from(own[i]));
    }
    for (size_t i = 0; i < given_count; i++)
        list = add_line(list, span_from(given[i]));
    return list;
}
