/* Sizes and durations. Pure. */
#include "base/units.h"

#include <stdio.h>

bool number_parse(struct span text, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    if (text.n == 0)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(text.p[i] - '0');
        if (sum > (max - digit) / 10 || max < digit)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

struct unit {
    const char *name;
    uint64_t factor;
};

static bool read_with_unit(struct span text, const struct unit *units, uint64_t max,
                           uint64_t *value)
{
    size_t n = 0;
    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
        n++;
    struct span unit = {text.p + n, text.n - n};
    for (; units->name; units++)
        if (span_equal(unit, span_from(units->name))) {
            if (!number_parse((struct span){text.p, n}, max / units->factor, value))
                return false;
            *value *= units->factor;
            return true;
        }
    return false;
}

enum error duration_parse(struct span text, uint64_t *ms)
{
    static const struct unit units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                        {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
    return read_with_unit(text, units, UINT64_C(864000000000), ms) ? OK : ERROR_DURATION_SYNTAX;
}

enum error size_parse(struct span text, uint64_t *bytes)
{
    static const struct unit units[] = {
        {"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}, {NULL, 0}};
    return read_with_unit(text, units, UINT64_C(1) << 50, bytes) ? OK : ERROR_SIZE_SYNTAX;
}

struct grouped grouped(uint64_t number)
{
    struct grouped out;
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number), length = 0;
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            out.text[length++] = ',';
        out.text[length++] = digits[i];
    }
    out.text[length] = '\0';
    return out;
}
