/* Media types. */
#include "server/media.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct span trim(struct span text)
{
    while (text.n && is_blank(text.p[0]))
        text = (struct span){text.p + 1, text.n - 1};
    while (text.n && is_blank(text.p[text.n - 1]))
        text.n--;
    return text;
}

static enum error check_charset(struct span parameters)
{
    while (parameters.n) {
        struct span value = span_cut(&parameters, ';'), name = trim(span_cut(&value, '='));
        value = trim(value);
        if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"')
            value = (struct span){value.p + 1, value.n - 2};
        if (span_equal_nocase(name, SPAN("charset")) && !span_equal_nocase(value, SPAN("utf-8")) &&
            !span_equal_nocase(value, SPAN("utf8")))
            return ERROR_CHARSET;
    }
    return OK;
}

enum error media_read(const struct http_request *request, enum media *media)
{
    const struct span *header = http_header_find(request, SPAN("Content-Type"));
    *media = MEDIA_TEXT;
    for (size_t i = 0; i < request->header_count; i++)
        if (span_equal_nocase(request->headers[i].name, SPAN("Content-Encoding")) &&
            !span_equal_nocase(request->headers[i].value, SPAN("identity")))
            return ERROR_CONTENT_ENCODING;
    if (!header)
        return OK;
    if (http_header_count(request, SPAN("Content-Type")) > 1)
        return ERROR_CONTENT_TYPE_TWICE;
    struct span rest = *header, type = trim(span_cut(&rest, ';'));
    if (type.n >= 10 && span_equal_nocase((struct span){type.p, 10}, SPAN("multipart/")))
        return ERROR_MULTIPART;
    if (span_equal_nocase(type, SPAN("application/x-ndjson")))
        *media = MEDIA_NDJSON;
    else if (span_equal_nocase(type, SPAN("application/json")))
        *media = MEDIA_JSON;
    return check_charset(rest);
}

bool media_accepts(const struct http_request *request, struct span type)
{
    for (size_t i = 0; i < request->header_count; i++) {
        struct span list = request->headers[i].value;
        if (!span_equal_nocase(request->headers[i].name, SPAN("Accept")))
            continue;
        while (list.n) {
            struct span member = span_cut(&list, ',');
            if (span_equal_nocase(trim(span_cut(&member, ';')), type))
                return true;
        }
    }
    return false;
}
