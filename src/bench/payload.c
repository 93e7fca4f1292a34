/* Fixed widths, so that reading and comparing cost little for each of many million deliveries. */
#include "bench/payload.h"

#include "base/check.h"

#include <stdlib.h>

enum {
    CHANNEL_AT = 6,
    CHANNEL_DIGITS = 8,
    SEQUENCE_AT = CHANNEL_AT + CHANNEL_DIGITS + 1,
    SEQUENCE_DIGITS = 10,
    TIME_AT = SEQUENCE_AT + SEQUENCE_DIGITS + 1,
    TIME_DIGITS = 19,
};
_Static_assert(TIME_AT + TIME_DIGITS + 1 == PAYLOAD_FRONT, "the front's parts make up its size");

void payload_init(struct payload *payload, size_t size, struct span before, struct span after)
{
    CHECK(size >= PAYLOAD_FRONT && before.n <= PAYLOAD_BEFORE_MAX);
    payload->size = size;
    payload->since_ns = 0;
    payload->whole_size = before.n + size + after.n;
    payload->whole = memory_new(payload->whole_size);
    payload->data = payload->whole + before.n;
    memcpy(payload->whole, before.p, before.n);
    memcpy(payload->data + size, after.p, after.n);
    memset(payload->data, ' ', PAYLOAD_FRONT);
    memcpy(payload->data, "bench ", CHANNEL_AT);
    for (size_t i = PAYLOAD_FRONT; i < size; i++)
        payload->data[i] = (char)('a' + i % 26);
}

void payload_fini(struct payload *payload)
{
    free(payload->whole);
    *payload = (struct payload){0};
}

static void write_digits(char *out, int digits, uint64_t value)
{
    while (digits-- > 0) {
        out[digits] = (char)('0' + value % 10);
        value /= 10;
    }
}

void payload_write(struct payload *payload, struct payload_front front)
{
    write_digits(payload->data + CHANNEL_AT, CHANNEL_DIGITS, front.channel);
    write_digits(payload->data + SEQUENCE_AT, SEQUENCE_DIGITS, front.sequence);
    write_digits(payload->data + TIME_AT, TIME_DIGITS, front.sent_ns);
}

static bool read_digits(const char *bytes, int digits, uint64_t *value)
{
    uint64_t sum = 0;
    for (int i = 0; i < digits; i++) {
        unsigned digit = (unsigned)(bytes[i] - '0');
        if (digit > 9)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

bool payload_read(const struct payload *payload, struct span received, struct payload_front *front)
{
    size_t before = (size_t)(payload->data - payload->whole);
    uint64_t channel, sequence;
    if (received.n < before + PAYLOAD_FRONT)
        return false;
    const char *bytes = received.p + before;
    if (memcmp(bytes, "bench ", CHANNEL_AT) != 0 ||
        !read_digits(bytes + CHANNEL_AT, CHANNEL_DIGITS, &channel) ||
        !read_digits(bytes + SEQUENCE_AT, SEQUENCE_DIGITS, &sequence) || sequence > UINT32_MAX ||
        !read_digits(bytes + TIME_AT, TIME_DIGITS, &front->sent_ns))
        return false;
    front->channel = (uint32_t)channel;
    front->sequence = (uint32_t)sequence;
    return true;
}

static bool same(const struct payload *payload, size_t offset, const char *bytes, size_t n)
{
    return n == 0 || memcmp(payload->whole + offset, bytes, n) == 0;
}

bool payload_matches(const struct payload *payload, size_t offset, struct span bytes)
{
    size_t front = (size_t)(payload->data - payload->whole), behind = front + PAYLOAD_FRONT;
    if (offset + bytes.n > payload->whole_size)
        return false;
    if (offset < front) {
        size_t n = front - offset < bytes.n ? front - offset : bytes.n;
        if (!same(payload, offset, bytes.p, n))
            return false;
    }
    if (offset >= behind)
        return same(payload, offset, bytes.p, bytes.n);
    size_t skipped = behind - offset;
    return bytes.n <= skipped || same(payload, behind, bytes.p + skipped, bytes.n - skipped);
}
