/* Any bytes as a request: its head found in pieces and whole, parsed, its target decoded, its body
 * decoded in two splittings. Bytes without a head are a chunked body, and a query. The pieces'
 * sizes follow from the bytes, so that the corpus holds plain requests. */
#include "base/buf.h"
#include "base/check.h"
#include "http/body.h"
#include "http/request.h"
#include "http/url.h"

#include <stdlib.h>

enum { BODY_MAX = 1000, PIECE_MAX = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Draws the next piece's size, from 1 to PIECE_MAX; `draw` is its state. */
static size_t piece_size(uint32_t *draw)
{
    *draw = *draw * 1664525 + 1013904223;
    return 1 + (*draw >> 16) % PIECE_MAX;
}

/* In memory of exactly its size, where a sanitizer sees every step outside. */
static struct span exact(const void *bytes, size_t n)
{
    char *copy = malloc(n ? n : 1);
    CHECK(copy);
    if (n)
        memcpy(copy, bytes, n);
    return (struct span){copy, n};
}

static void drop(struct span copy)
{
    free((char *)copy.p);
}

static enum error find_in_pieces(struct span bytes, uint32_t draw, size_t *size)
{
    struct http_head_scan scan = {0};
    size_t n = 0;
    enum error error;
    do {
        n += piece_size(&draw);
        if (n > bytes.n)
            n = bytes.n;
        struct span copy = exact(bytes.p, n);
        error = http_head_find(&scan, copy, size);
        drop(copy);
        CHECK(*size <= n);
    } while (!error && *size == 0 && n < bytes.n);
    return error;
}

static void check_inside(struct span part, struct span whole)
{
    CHECK(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void check_request(const struct http_request *request, struct span head)
{
    check_inside(request->method, head);
    check_inside(request->path, head);
    check_inside(request->query, head);
    check_inside(request->host, head);
    CHECK(request->method.n > 0 && request->path.n > 0 && request->path.p[0] == '/');
    CHECK(request->minor == 0 || (request->minor == 1 && request->host.n > 0));
    CHECK(request->header_count <= HTTP_HEADERS_MAX);
    for (size_t i = 0; i < request->header_count; i++) {
        struct span name = request->headers[i].name;
        check_inside(name, head);
        check_inside(request->headers[i].value, head);
        CHECK(name.n > 0 && http_header_find(request, name));
        CHECK(http_header_count(request, name) > 0);
    }
    bool sized = http_header_count(request, SPAN("Content-Length")) > 0;
    bool chunked = http_header_count(request, SPAN("Transfer-Encoding")) > 0;
    CHECK(request->body == (chunked ? HTTP_BODY_CHUNKED
                            : sized ? HTTP_BODY_SIZED
                                    : HTTP_BODY_NONE));
    CHECK(!(sized && chunked));
}

/* Decoding never grows, and is all or nothing. */
static void check_decoding(enum error (*decode)(struct span, struct buf *), struct span text)
{
    struct buf out;
    struct span copy = exact(text.p, text.n);
    buf_init(&out, text.n);
    enum error error = decode(copy, &out);
    CHECK(error == OK || (error == ERROR_URL_ESCAPE && out.len == 0));
    CHECK(error || memchr(copy.p, '%', copy.n) || out.len == copy.n);
    buf_fini(&out);
    drop(copy);
}

static void check_query(struct span query)
{
    struct span rest = query, name, value;
    while (url_query_next(&rest, &name, &value)) {
        check_inside(name, query);
        check_inside(value, query);
        check_decoding(url_decode_query, name);
        check_decoding(url_decode_query, value);
    }
    CHECK(rest.n == 0);
}

struct outcome {
    enum error error;
    bool done;
    size_t used;
    struct buf out;
};

/* Decodes a body in pieces; whole where draw is NULL. */
static struct outcome decode_body(const struct http_request *request, struct span bytes,
                                  uint32_t *draw)
{
    struct outcome outcome = {0};
    struct http_body body;
    http_body_init(&body, request);
    buf_init(&outcome.out, BODY_MAX);
    do {
        size_t left = bytes.n - outcome.used, n = draw ? piece_size(draw) : left, used;
        struct span piece = exact(bytes.p + outcome.used, n < left ? n : left);
        outcome.error = http_body_feed(&body, piece, &used, &outcome.out);
        drop(piece);
        CHECK(used <= piece.n && (outcome.error || http_body_done(&body) || used == piece.n));
        outcome.used += used;
        outcome.done = http_body_done(&body);
    } while (!outcome.error && !outcome.done && outcome.used < bytes.n);
    CHECK(outcome.out.len <= BODY_MAX);
    return outcome;
}

static void check_body(const struct http_request *request, struct span bytes, uint32_t draw)
{
    struct outcome whole = decode_body(request, bytes, NULL);
    struct outcome pieces = decode_body(request, bytes, &draw);
    CHECK(whole.error == pieces.error && whole.done == pieces.done && whole.used == pieces.used);
    CHECK(span_equal(buf_span(&whole.out), buf_span(&pieces.out)));
    CHECK(request->body != HTTP_BODY_SIZED || !whole.done || whole.out.len == request->body_size);
    buf_fini(&whole.out);
    buf_fini(&pieces.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_request request;
    struct span bytes = exact(data, size);
    struct http_head_scan scan = {0};
    size_t head_size, size_in_pieces;
    uint32_t draw = (uint32_t)size;
    for (size_t i = 0; i < size; i++)
        draw = draw * 31 + data[i];

    enum error error = http_head_find(&scan, bytes, &head_size);
    CHECK(find_in_pieces(bytes, draw, &size_in_pieces) == error && size_in_pieces == head_size);
    if (!error && head_size > 0) {
        struct span head = exact(data, head_size);
        if (http_head_parse(head, &request) == OK) {
            check_request(&request, head);
            check_decoding(url_decode_segment, request.path);
            check_query(request.query);
            check_body(&request, (struct span){bytes.p + head_size, size - head_size}, draw);
        }
        drop(head);
    } else {
        CHECK(http_head_parse(bytes, &request) != OK);
        request = (struct http_request){.body = HTTP_BODY_CHUNKED};
        check_body(&request, bytes, draw);
        check_query(bytes);
        check_decoding(url_decode_segment, bytes);
    }
    drop(bytes);
    return 0;
}
