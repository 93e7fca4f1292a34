/* HEAD -> SIZED, TO_THE_END or CHUNK_SIZE -> CHUNK_EXTENSION -> CHUNK_DATA -> CHUNK_END ->
 * CHUNK_SIZE … -> TRAILER; then WHOLE. Lines end in LF, with or without a CR before it. */
#include "bench/answer.h"

enum state {
    HEAD,
    SIZED,
    TO_THE_END,
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_DATA,
    CHUNK_END,
    TRAILER,
    WHOLE,
    BROKEN
};

void answer_init(struct answer *answer)
{
    *answer = (struct answer){.state = HEAD};
}

bool answer_has_head(const struct answer *answer)
{
    return answer->state > HEAD && answer->state < BROKEN;
}

bool answer_is_over(const struct answer *answer)
{
    return answer->state >= WHOLE;
}

bool answer_is_broken(const struct answer *answer)
{
    return answer->state == BROKEN;
}

bool answer_close(struct answer *answer)
{
    if (answer->state == TO_THE_END)
        answer->state = WHOLE;
    answer->keeps = false;
    return answer->state == WHOLE;
}

static struct span trim(struct span text)
{
    while (text.n && (*text.p == ' ' || *text.p == '\t'))
        text.p++, text.n--;
    while (text.n && (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t'))
        text.n--;
    return text;
}

static bool take_status(struct answer *answer, struct span line)
{
    if (line.n < 12 || memcmp(line.p, "HTTP/1.", 7) != 0 || line.p[8] != ' ')
        return false;
    for (const char *digit = line.p + 9; digit < line.p + 12; digit++) {
        if (*digit < '0' || *digit > '9')
            return false;
        answer->status = (uint16_t)(answer->status * 10 + (*digit - '0'));
    }
    answer->keeps = line.p[7] != '0';
    return answer->status >= 100;
}

static bool take_length(struct answer *answer, struct span value)
{
    answer->sized = true;
    answer->left = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9' || answer->left > UINT64_C(1) << 50)
            return false;
        answer->left = answer->left * 10 + (uint64_t)(value.p[i] - '0');
    }
    return value.n > 0;
}

static bool take_header(struct answer *answer, struct span line)
{
    struct span name = span_cut(&line, ':'), value = trim(line);
    if (span_equal_nocase(name, SPAN("transfer-encoding"))) {
        answer->chunked = span_equal_nocase(value, SPAN("chunked"));
        return answer->chunked; /* in another coding the body would not be understood */
    }
    if (span_equal_nocase(name, SPAN("content-length")))
        return take_length(answer, value);
    if (span_equal_nocase(name, SPAN("connection")))
        answer->keeps = !span_equal_nocase(value, SPAN("close")) &&
                        (answer->keeps || span_equal_nocase(value, SPAN("keep-alive")));
    return true;
}

static void end_head(struct answer *answer)
{
    uint16_t status = answer->status;
    if (status < 200)
        answer_init(answer);
    else if (status == 204 || status == 304)
        answer->state = WHOLE;
    else if (answer->chunked)
        answer->state = CHUNK_SIZE;
    else if (answer->sized)
        answer->state = answer->left ? SIZED : WHOLE;
    else
        answer->state = TO_THE_END;
    if (answer->state == TO_THE_END)
        answer->keeps = false;
    else if (answer->state == CHUNK_SIZE)
        answer->left = 0;
}

/* A whole line of the head or of what follows the last chunk, without its LF. */
static void end_line(struct answer *answer)
{
    struct span line = {answer->line, answer->line_length};
    answer->line_length = 0;
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    if (answer->state == TRAILER) {
        answer->state = line.n ? TRAILER : WHOLE;
        return;
    }
    bool good = true;
    if (!answer->status)
        good = take_status(answer, line);
    else if (line.n)
        good = take_header(answer, line);
    else
        end_head(answer);
    if (!good)
        answer->state = BROKEN;
}

static size_t take_line(struct answer *answer, struct span bytes)
{
    const char *end = memchr(bytes.p, '\n', bytes.n);
    size_t n = end ? (size_t)(end - bytes.p) : bytes.n;
    size_t room = sizeof answer->line - answer->line_length, kept = n < room ? n : room;
    memcpy(answer->line + answer->line_length, bytes.p, kept);
    answer->line_length = (uint8_t)(answer->line_length + kept);
    if (!end)
        return n;
    end_line(answer);
    return n + 1;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A byte of the line with a chunk's size. */
static void take_size(struct answer *answer, char c)
{
    int digit = answer->state == CHUNK_SIZE ? hex_digit(c) : -1;
    if (digit >= 0 && answer->left < UINT64_C(1) << 50)
        answer->left = answer->left << 4 | (uint64_t)digit;
    else if (c == '\n')
        answer->state = answer->left ? CHUNK_DATA : TRAILER;
    else if (answer->state == CHUNK_EXTENSION || c == '\r' || c == ';' || c == ' ')
        answer->state = CHUNK_EXTENSION;
    else
        answer->state = BROKEN;
}

static size_t take_body(struct answer *answer, struct span bytes, struct span *body)
{
    size_t n = bytes.n < answer->left ? bytes.n : (size_t)answer->left;
    *body = (struct span){bytes.p, n};
    answer->left -= n;
    if (!answer->left)
        answer->state = answer->state == SIZED ? WHOLE : CHUNK_END;
    return n;
}

size_t answer_feed(struct answer *answer, struct span bytes, struct span *body)
{
    *body = (struct span){bytes.p, 0};
    switch ((enum state)answer->state) {
    case HEAD:
    case TRAILER:
        return take_line(answer, bytes);
    case SIZED:
    case CHUNK_DATA:
        return take_body(answer, bytes, body);
    case TO_THE_END:
        *body = bytes;
        return bytes.n;
    case CHUNK_SIZE:
    case CHUNK_EXTENSION:
        take_size(answer, *bytes.p);
        return 1;
    case CHUNK_END:
        if (*bytes.p == '\n')
            answer->state = CHUNK_SIZE;
        else if (*bytes.p != '\r')
            answer->state = BROKEN;
        return 1;
    case WHOLE:
    case BROKEN:
        break;
    }
    return bytes.n;
}
