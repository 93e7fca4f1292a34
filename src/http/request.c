/* Request heads, in two steps, since they come in pieces but are understood whole: the search for
 * the end looks at each byte once, however it is cut, and minds only line ends and control bytes;
 * the parser then reads from front to back and relies on nothing that the search has seen.
 * Knows no methods, paths or limits of the hub. */
#include "http/request.h"

#include "base/units.h"
#include "http/bytes.h"

#include <arpa/inet.h>

enum { EMPTY_LINES_MAX = 4 };

/* Finding. */

enum state {
    FRONT,      /* before the request line, behind nothing but empty lines */
    FRONT_LF,   /* behind an empty line's CR there */
    FIRST_LINE, /* in the request line */
    LINE_FRONT, /* at the front of a header line, or of the blank one */
    LINE,       /* in a header line */
    LINE_LF,    /* behind a line's CR */
    LAST_LF,    /* behind the blank line's CR */
    WHOLE,
    REFUSED, /* never kept: the scan stays before the byte that was wrong */
};

enum class { TEXT, CR, LF, CONTROL, CLASSES };

static enum class class_of(unsigned char byte) {
    return byte_is_text(byte) ? TEXT
           : byte == '\r'     ? CR
           : byte == '\n'     ? LF
                              : CONTROL;
}

/* clang-format off */
static const uint8_t next_state[WHOLE][CLASSES] = {
    /*               TEXT        CR        LF          CONTROL */
    [FRONT]      = { FIRST_LINE, FRONT_LF, REFUSED,    REFUSED },
    [FRONT_LF]   = { REFUSED,    REFUSED,  FRONT,      REFUSED },
    [FIRST_LINE] = { FIRST_LINE, LINE_LF,  REFUSED,    REFUSED },
    [LINE_FRONT] = { LINE,       LAST_LF,  REFUSED,    REFUSED },
    [LINE]       = { LINE,       LINE_LF,  REFUSED,    REFUSED },
    [LINE_LF]    = { REFUSED,    REFUSED,  LINE_FRONT, REFUSED },
    [LAST_LF]    = { REFUSED,    REFUSED,  WHOLE,      REFUSED },
};
/* clang-format on */

enum error http_head_find(struct http_head_scan *scan, struct span bytes, size_t *size)
{
    *size = 0;
    while (scan->scanned < bytes.n && scan->state != WHOLE) {
        size_t i = scan->scanned;
        if (scan->state == FIRST_LINE || scan->state == LINE)
            while (i < bytes.n && byte_is_text((unsigned char)bytes.p[i]))
                i++;
        scan->scanned = i;
        if (i == bytes.n)
            break;
        enum class class = class_of((unsigned char)bytes.p[i]);
        uint8_t next = next_state[scan->state][class];
        if (next == REFUSED)
            return class == CONTROL ? ERROR_HTTP_CONTROL : ERROR_HTTP_LINE_END;
        if (next == FRONT_LF && i >= 2 * EMPTY_LINES_MAX)
            return ERROR_HTTP_EMPTY_LINES;
        scan->state = next;
        scan->scanned = i + 1;
    }
    if (scan->state == WHOLE)
        *size = scan->scanned;
    return OK;
}

enum error http_head_too_long(const struct http_head_scan *scan)
{
    return scan->state <= FIRST_LINE ? ERROR_HTTP_TARGET_LONG : ERROR_HTTP_HEAD_LONG;
}

/* Parsing: the reader, and spans. */

struct reader {
    const char *p;
    const char *end;
};

/* The next byte; -1 at the end. */
static int peek(const struct reader *in)
{
    return in->p < in->end ? (unsigned char)*in->p : -1;
}

static inline struct span take_while(struct reader *in, bool (*belongs)(unsigned char byte))
{
    const char *begin = in->p;
    while (in->p < in->end && belongs((unsigned char)*in->p))
        in->p++;
    return (struct span){begin, (size_t)(in->p - begin)};
}

static bool at_line_end(const struct reader *in)
{
    return in->end - in->p >= 2 && in->p[0] == '\r' && in->p[1] == '\n';
}

/* Behind all the text of a line. */
static enum error take_line_end(struct reader *in)
{
    if (at_line_end(in)) {
        in->p += 2;
        return OK;
    }
    int byte = peek(in);
    return byte == -1 || byte == '\r' || byte == '\n' ? ERROR_HTTP_LINE_END : ERROR_HTTP_CONTROL;
}

static struct span trim(struct span text)
{
    while (text.n > 0 && byte_is_blank((unsigned char)text.p[0]))
        text = (struct span){text.p + 1, text.n - 1};
    while (text.n > 0 && byte_is_blank((unsigned char)text.p[text.n - 1]))
        text.n--;
    return text;
}

/* Takes the next member from the front of a list with commas, trimmed; false at the end. */
static bool list_next(struct span *list, struct span *member)
{
    if (list->n == 0)
        return false;
    const char *comma = memchr(list->p, ',', list->n);
    size_t n = comma ? (size_t)(comma - list->p) : list->n;
    size_t skip = comma ? n + 1 : n;
    *member = trim((struct span){list->p, n});
    *list = (struct span){list->p + skip, list->n - skip};
    return true;
}

static bool is_token(struct span text)
{
    struct reader in = {text.p, text.p + text.n};
    return text.n > 0 && take_while(&in, byte_is_token).n == text.n;
}

/* Parsing: hosts. */

static bool is_address6(struct span text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (text.n >= sizeof copy || memchr(text.p, '\0', text.n))
        return false;
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

static bool byte_is_host(unsigned char byte)
{
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') ||
           byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

/* A name, an IPv4 address or an IPv6 address in brackets, and a port or none. Narrower than RFC
 * 3986: no percent escapes and none of `!$&'()*+,;=`, which no name on the internet has and which
 * two programs read in two ways; no empty port. */
static bool is_authority(struct span text)
{
    struct reader in = {text.p, text.p + text.n};
    const char *bracket = peek(&in) == '[' ? memchr(text.p, ']', text.n) : NULL;
    if (bracket) {
        if (!is_address6((struct span){text.p + 1, (size_t)(bracket - text.p) - 1}))
            return false;
        in.p = bracket + 1;
    } else if (take_while(&in, byte_is_host).n == 0) {
        return false;
    }
    if (in.p == in.end)
        return true;
    struct span port = {in.p + 1, (size_t)(in.end - in.p) - 1};
    uint64_t number;
    return *in.p == ':' && port.n <= 5 && number_parse(port, 65535, &number);
}

/* Parsing: the request line. */

static enum error read_version(struct span version, struct http_request *request)
{
    if (!span_starts(version, SPAN("HTTP/")))
        return ERROR_HTTP_REQUEST_LINE;
    const char *p = version.p + 5;
    if (version.n != 8 || p[0] < '0' || p[0] > '9' || p[1] != '.' || p[2] < '0' || p[2] > '9')
        return ERROR_HTTP_VERSION_SYNTAX;
    if (p[0] != '1' || p[2] > '1')
        return ERROR_HTTP_VERSION;
    request->minor = p[2] - '0';
    return OK;
}

static bool starts_nocase(struct span text, struct span prefix)
{
    return text.n >= prefix.n && span_equal_nocase((struct span){text.p, prefix.n}, prefix);
}

/* Cuts `http://host` from the front of an absolute target; its host counts, not the header's (RFC
 * 9112, 3.2.2). */
static enum error cut_authority(struct span *target, struct span *authority)
{
    struct span http = SPAN("http://"), https = SPAN("https://");
    size_t n = starts_nocase(*target, http) ? http.n : starts_nocase(*target, https) ? https.n : 0;
    if (n == 0)
        return ERROR_HTTP_TARGET_FORM;
    const char *begin = target->p + n, *end = target->p + target->n, *p = begin;
    while (p < end && *p != '/' && *p != '?')
        p++;
    *authority = (struct span){begin, (size_t)(p - begin)};
    *target = (struct span){p, (size_t)(end - p)};
    return is_authority(*authority) ? OK : ERROR_HTTP_HOST_SYNTAX;
}

static enum error read_target(struct span target, struct http_request *request,
                              struct span *authority)
{
    const char *begin = target.p;
    if (memchr(target.p, '#', target.n))
        return ERROR_HTTP_TARGET_BYTE;
    if (*begin != '/') {
        enum error error = cut_authority(&target, authority);
        if (error)
            return error;
    }
    const char *question = target.n ? memchr(target.p, '?', target.n) : NULL;
    size_t n = question ? (size_t)(question - target.p) : target.n;
    request->path = (struct span){target.p, n};
    if (question)
        request->query = (struct span){question + 1, target.n - n - 1};
    if (n == 0) /* http://host: the path is `/`, and there is one before the host */
        request->path = (struct span){authority->p - 1, 1};
    return OK;
}

static enum error read_request_line(struct reader *in, struct http_request *request,
                                    struct span *authority)
{
    request->method = take_while(in, byte_is_token);
    if (request->method.n == 0 || (peek(in) != ' ' && !at_line_end(in)))
        return ERROR_HTTP_METHOD;
    if (at_line_end(in))
        return ERROR_HTTP_REQUEST_LINE;
    in->p++;
    struct span target = take_while(in, byte_is_visible);
    if (at_line_end(in) || (target.n == 0 && peek(in) == ' '))
        return ERROR_HTTP_REQUEST_LINE;
    if (peek(in) != ' ')
        return ERROR_HTTP_TARGET_BYTE;
    in->p++;
    enum error error = read_version(take_while(in, byte_is_text), request);
    if (!error)
        error = read_target(target, request, authority);
    return error ? error : take_line_end(in);
}

/* Parsing: headers. */

/* What the headers that frame a message have said so far. */
struct framing {
    struct http_request *request;
    struct span authority; /* of an absolute target */
    unsigned hosts, lengths, codings;
    bool close, keep_alive; /* asked for in Connection */
};

static enum error read_host(struct framing *framing, struct span value)
{
    if (framing->hosts++)
        return ERROR_HTTP_HOST_TWICE;
    framing->request->host = value;
    return is_authority(value) ? OK : ERROR_HTTP_HOST_SYNTAX;
}

static enum error read_length(struct framing *framing, struct span value)
{
    if (framing->lengths++)
        return ERROR_HTTP_LENGTH_TWICE;
    if (value.n == 0)
        return ERROR_HTTP_LENGTH_SYNTAX;
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < '0' || value.p[i] > '9')
            return ERROR_HTTP_LENGTH_SYNTAX;
    return number_parse(value, INT64_MAX, &framing->request->body_size) ? OK : ERROR_TOO_LARGE;
}

static enum error read_coding(struct framing *framing, struct span value)
{
    if (framing->codings++)
        return ERROR_HTTP_CODING_TWICE;
    if (span_equal_nocase(value, SPAN("chunked")))
        return OK;
    struct span coding;
    while (list_next(&value, &coding))
        if (is_token(coding) && !span_equal_nocase(coding, SPAN("chunked")))
            return ERROR_HTTP_CODING;
    return ERROR_HTTP_CODING_SYNTAX;
}

static enum error read_connection(struct framing *framing, struct span value)
{
    struct span option;
    while (list_next(&value, &option)) {
        if (span_equal_nocase(option, SPAN("close")))
            framing->close = true;
        if (span_equal_nocase(option, SPAN("keep-alive")))
            framing->keep_alive = true;
    }
    return OK;
}

static const struct {
    struct span name;
    enum error (*read)(struct framing *framing, struct span value);
} framing_headers[] = {
    {{"host", 4}, read_host},
    {{"content-length", 14}, read_length},
    {{"transfer-encoding", 17}, read_coding},
    {{"connection", 10}, read_connection},
};

/* Says what is wrong where a name does not end in a colon. */
static enum error bad_name(struct reader *in, struct span name)
{
    if (name.n == 0)
        return byte_is_blank((unsigned char)*name.p) ? ERROR_HTTP_FOLDING : ERROR_HTTP_HEADER_NAME;
    if (at_line_end(in))
        return ERROR_HTTP_HEADER_COLON;
    bool blank = take_while(in, byte_is_blank).n > 0;
    return blank && peek(in) == ':' ? ERROR_HTTP_HEADER_SPACE : ERROR_HTTP_HEADER_NAME;
}

static enum error read_header(struct reader *in, struct framing *framing)
{
    struct http_request *request = framing->request;
    if (in->p == in->end)
        return ERROR_HTTP_LINE_END;
    struct span name = take_while(in, byte_is_token);
    if (name.n == 0 || peek(in) != ':')
        return bad_name(in, name);
    in->p++;
    struct span value = trim(take_while(in, byte_is_text));
    enum error error = take_line_end(in);
    if (error)
        return error;
    if (request->header_count == HTTP_HEADERS_MAX)
        return ERROR_HTTP_HEADERS;
    request->headers[request->header_count++] = (struct http_header){name, value};
    for (size_t i = 0; i < sizeof framing_headers / sizeof *framing_headers; i++)
        if (span_equal_nocase(name, framing_headers[i].name))
            return framing_headers[i].read(framing, value);
    return OK;
}

/* Judges the headers together. */
static enum error finish(const struct framing *framing)
{
    struct http_request *request = framing->request;
    if (request->minor == 1 && framing->hosts == 0)
        return ERROR_HTTP_HOST_MISSING;
    if (framing->codings && framing->lengths)
        return ERROR_HTTP_LENGTH_AND_CODING;
    if (framing->codings && request->minor == 0)
        return ERROR_HTTP_CODING_OLD;
    request->body = framing->codings   ? HTTP_BODY_CHUNKED
                    : framing->lengths ? HTTP_BODY_SIZED
                                       : HTTP_BODY_NONE;
    request->keep_alive = !framing->close && (request->minor == 1 || framing->keep_alive);
    if (framing->authority.n > 0)
        request->host = framing->authority;
    return OK;
}

enum error http_head_parse(struct span head, struct http_request *request)
{
    struct reader in = {head.p, head.p + head.n};
    struct framing framing = {.request = request};
    memset(request, 0, offsetof(struct http_request, headers)); /* the rest is large, and unread */
    for (int i = 0; at_line_end(&in); i++) {
        if (i == EMPTY_LINES_MAX)
            return ERROR_HTTP_EMPTY_LINES;
        in.p += 2;
    }
    enum error error = read_request_line(&in, request, &framing.authority);
    while (!error && !at_line_end(&in))
        error = read_header(&in, &framing);
    return error ? error : finish(&framing);
}

const struct span *http_header_find(const struct http_request *request, struct span name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (span_equal_nocase(request->headers[i].name, name))
            return &request->headers[i].value;
    return NULL;
}

size_t http_header_count(const struct http_request *request, struct span name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++)
        count += span_equal_nocase(request->headers[i].name, name);
    return count;
}
