/* Decoding request bodies. Knows neither sockets nor what a body means. The states of a chunked
 * body; each takes one byte but DATA, which takes as many as there are:
 *
 *            ┌───────────── DATA_LF ◀─ DATA_CR ◀─ DATA
 *            ▼                                     ▲ size > 0
 *     ───▶ SIZE ──┬────────────────▶ SIZE_LF ──────┤
 *                 └─▶ EXTENSION ──────▲            ▼ size = 0
 *                        VALUE_LF ───────────▶ TRAILER ──▶ LAST_LF ──▶ DONE
 *                            ▲── VALUE ◀── NAME ◀──┘
 *
 * Invariant: in SIZED and DATA `left` is above 0, and fits into what the body may still hold. */
#include "http/body.h"

#include "base/check.h"
#include "http/bytes.h"

enum {
    SIZE_DIGITS_MAX = 8,
    EXTENSION_MAX = 256,
    TRAILERS_MAX = 4096,
};

enum state {
    DONE,
    SIZED,
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    NAME,
    VALUE,
    VALUE_LF,
    LAST_LF,
};

void http_body_init(struct http_body *body, const struct http_request *request)
{
    *body = (struct http_body){.state = DONE};
    if (request->body == HTTP_BODY_CHUNKED)
        body->state = SIZE;
    if (request->body == HTTP_BODY_SIZED && request->body_size > 0) {
        body->state = SIZED;
        body->left = request->body_size;
    }
}

bool http_body_done(const struct http_body *body)
{
    return body->state == DONE;
}

static enum error go(struct http_body *body, enum state state)
{
    body->state = (uint8_t)state;
    return OK;
}

/* Goes on where the byte is the one that must stand here. */
static enum error expect(struct http_body *body, bool here, enum state state)
{
    return here ? go(body, state) : ERROR_HTTP_CHUNK;
}

/* `line` counts the digits. room: bytes that the body may still grow by. */
static enum error take_size(struct http_body *body, unsigned char byte, size_t room)
{
    int digit = byte_hex(byte);
    if (digit >= 0) {
        if (body->line == SIZE_DIGITS_MAX)
            return ERROR_HTTP_CHUNK_SIZE;
        body->left = body->left << 4 | (unsigned)digit;
        body->line++;
        return OK;
    }
    if (body->line == 0 || (byte != '\r' && byte != ';'))
        return ERROR_HTTP_CHUNK_SIZE;
    if (body->left > room)
        return ERROR_TOO_LARGE;
    body->line = 0;
    return go(body, byte == ';' ? EXTENSION : SIZE_LF);
}

/* `line` counts the bytes behind the first semicolon. */
static enum error take_extension(struct http_body *body, unsigned char byte)
{
    if (byte == '\r')
        return go(body, SIZE_LF);
    if (!byte_is_text(byte))
        return ERROR_HTTP_CHUNK;
    return ++body->line > EXTENSION_MAX ? ERROR_HTTP_CHUNK_EXTENSION : OK;
}

/* `line` counts all the trailers' bytes. */
static enum error take_trailer(struct http_body *body, unsigned char byte)
{
    if (++body->line > TRAILERS_MAX)
        return ERROR_HTTP_TRAILERS;
    switch ((enum state)body->state) {
    case TRAILER:
        if (byte == '\r')
            return go(body, LAST_LF);
        return byte_is_token(byte) ? go(body, NAME) : ERROR_HTTP_TRAILER;
    case NAME:
        if (byte == ':')
            return go(body, VALUE);
        return byte_is_token(byte) ? OK : ERROR_HTTP_TRAILER;
    case VALUE:
        if (byte == '\r')
            return go(body, VALUE_LF);
        return byte_is_text(byte) ? OK : ERROR_HTTP_TRAILER;
    case VALUE_LF:
        return byte == '\n' ? go(body, TRAILER) : ERROR_HTTP_TRAILER;
    default:
        return byte == '\n' ? go(body, DONE) : ERROR_HTTP_TRAILER;
    }
}

static enum error take_byte(struct http_body *body, unsigned char byte, size_t room)
{
    switch ((enum state)body->state) {
    case SIZE:
        return take_size(body, byte, room);
    case EXTENSION:
        return take_extension(body, byte);
    case SIZE_LF:
        body->line = 0;
        return expect(body, byte == '\n', body->left ? DATA : TRAILER);
    case DATA_CR:
        return expect(body, byte == '\r', DATA_LF);
    case DATA_LF:
        return expect(body, byte == '\n', SIZE);
    case TRAILER:
    case NAME:
    case VALUE:
    case VALUE_LF:
    case LAST_LF:
        return take_trailer(body, byte);
    case DONE:
    case SIZED:
    case DATA:
        break;
    }
    CHECK(!"a state that takes single bytes");
    return OK;
}

/* Takes what is there of the sized body or of the chunk; *n tells how much. */
static enum error take_data(struct http_body *body, struct span bytes, size_t *n, struct buf *out)
{
    size_t most = body->left < bytes.n ? (size_t)body->left : bytes.n;
    enum error error = buf_append(out, bytes.p, most);
    if (error)
        return error;
    *n = most;
    body->left -= most;
    if (body->left == 0)
        go(body, body->state == SIZED ? DONE : DATA_CR);
    return OK;
}

enum error http_body_feed(struct http_body *body, struct span bytes, size_t *used, struct buf *out)
{
    *used = 0;
    if (body->state == SIZED && body->left > out->max - out->len)
        return ERROR_TOO_LARGE;
    while (body->state != DONE && *used < bytes.n) {
        struct span rest = {bytes.p + *used, bytes.n - *used};
        size_t n = 1;
        enum error error = body->state == SIZED || body->state == DATA
                               ? take_data(body, rest, &n, out)
                               : take_byte(body, (unsigned char)*rest.p, out->max - out->len);
        if (error)
            return error;
        *used += n;
    }
    return OK;
}
