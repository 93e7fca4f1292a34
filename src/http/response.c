/* Writing response heads and chunks. Knows nothing of requests. */
#include "http/response.h"

#include "base/check.h"

#include <stdio.h>

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } rows[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].reason;
    return "Unknown";
}

static bool has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

/* The pieces of a head, gathered first, so that it is written whole or not at all. */
struct pieces {
    struct span rows[12];
    size_t count;
    size_t bytes;
};

static void add(struct pieces *pieces, struct span bytes)
{
    CHECK(pieces->count < sizeof pieces->rows / sizeof *pieces->rows);
    pieces->rows[pieces->count++] = bytes;
    pieces->bytes += bytes.n;
}

enum error http_write_head(struct buf *out, int status, const char *type, int64_t length,
                           bool close, struct span extra)
{
    CHECK(status >= 100 && status <= 999 && length >= HTTP_LENGTH_CHUNKED);
    struct pieces head = {0};
    char line[16], digits[24];
    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    add(&head, span_from(line));
    add(&head, span_from(http_reason(status)));
    if (type) {
        add(&head, SPAN("\r\nContent-Type: "));
        add(&head, span_from(type));
    }
    if (length >= 0 && has_body(status)) {
        snprintf(digits, sizeof digits, "%lld", (long long)length);
        add(&head, SPAN("\r\nContent-Length: "));
        add(&head, span_from(digits));
    }
    if (length == HTTP_LENGTH_CHUNKED && has_body(status))
        add(&head, SPAN("\r\nTransfer-Encoding: chunked"));
    if (close)
        add(&head, SPAN("\r\nConnection: close"));
    add(&head, SPAN("\r\n"));
    add(&head, extra);
    add(&head, SPAN("\r\n"));

    enum error error = buf_reserve(out, head.bytes);
    for (size_t i = 0; i < head.count && !error; i++)
        error = buf_append(out, head.rows[i].p, head.rows[i].n);
    return error;
}

char *http_chunk_head_before(char *end, uint32_t size)
{
    char *p = end;
    *--p = '\n';
    *--p = '\r';
    do
        *--p = "0123456789abcdef"[size & 0xf];
    while (size >>= 4);
    return p;
}

enum error http_write_chunk(struct buf *out, struct span bytes)
{
    if (bytes.n == 0)
        return OK;
    CHECK(bytes.n <= UINT32_MAX);
    char room[HTTP_CHUNK_HEAD_MAX], *end = room + sizeof room;
    char *head = http_chunk_head_before(end, (uint32_t)bytes.n);
    size_t head_size = (size_t)(end - head);
    enum error error = buf_reserve(out, head_size + bytes.n + 2);
    if (error)
        return error;
    buf_append(out, head, head_size);
    buf_append(out, bytes.p, bytes.n);
    return buf_append(out, "\r\n", 2);
}
