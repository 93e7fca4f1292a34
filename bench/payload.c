/* Fixed widths, so that reading and comparing cost little for each of many million deliveries. */
#include "payload.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHANNEL_AT = 6,
    CHANNEL_DIGITS = 8,
    SEQUENCE_AT = CHANNEL_AT + CHANNEL_DIGITS + 1,
    SEQUENCE_DIGITS = 10,
    TIME_AT = SEQUENCE_AT + SEQUENCE_DIGITS + 1,
    TIME_DIGITS = 19,
};
_Static_assert(TIME_AT + TIME_DIGITS + 1 == PAYLOAD_FRONT, "the front's parts make up its size");

void payload_init(struct payload *payload, size_t size)
{
    CHECK(size >= PAYLOAD_FRONT);
    payload->size = size;
    payload->bytes = memory_new(size);
    memset(payload->bytes, ' ', PAYLOAD_FRONT);
    memcpy(payload->bytes, "bench ", CHANNEL_AT);
    for (size_t i = PAYLOAD_FRONT; i < size; i++)
        payload->bytes[i] = (char)('a' + i % 26);
}

void payload_fini(struct payload *payload)
{
    free(payload->bytes);
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
    write_digits(payload->bytes + CHANNEL_AT, CHANNEL_DIGITS, front.channel);
    write_digits(payload->bytes + SEQUENCE_AT, SEQUENCE_DIGITS, front.sequence);
    write_digits(payload->bytes + TIME_AT, TIME_DIGITS, front.sent_ns);
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

bool payload_read(const char *bytes, struct payload_front *front)
{
    uint64_t channel, sequence;
    if (memcmp(bytes, "bench ", CHANNEL_AT) != 0 ||
        !read_digits(bytes + CHANNEL_AT, CHANNEL_DIGITS, &channel) ||
        !read_digits(bytes + SEQUENCE_AT, SEQUENCE_DIGITS, &sequence) || sequence > UINT32_MAX ||
        !read_digits(bytes + TIME_AT, TIME_DIGITS, &front->sent_ns))
        return false;
    front->channel = (uint32_t)channel;
    front->sequence = (uint32_t)sequence;
    return true;
}

bool payload_matches(const struct payload *payload, size_t offset, const char *bytes, size_t n)
{
    if (offset < PAYLOAD_FRONT) {
        size_t skipped = PAYLOAD_FRONT - offset;
        if (n <= skipped)
            return true;
        offset += skipped;
        bytes += skipped;
        n -= skipped;
    }
    return offset + n <= payload->size && memcmp(payload->bytes + offset, bytes, n) == 0;
}
