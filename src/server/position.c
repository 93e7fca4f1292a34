/* Reading positions and times. */
#include "server/position.h"

#include "base/id.h"
#include "base/units.h"

#include <time.h>

void position_read(struct span text, struct start *start)
{
    start->position_kind = id_parse(text, &start->position) ? START_UNKNOWN : START_AFTER;
}

/* Exactly n digits from *text. */
static bool digits(struct span *text, size_t n, int *value)
{
    uint64_t number;
    if (text->n < n || !number_parse((struct span){text->p, n}, 9999, &number))
        return false;
    *value = (int)number;
    *text = (struct span){text->p + n, text->n - n};
    return true;
}

static bool one_of(struct span *text, const char *bytes, char *found)
{
    if (text->n == 0 || text->p[0] == '\0' || !strchr(bytes, text->p[0]))
        return false;
    *found = text->p[0];
    *text = (struct span){text->p + 1, text->n - 1};
    return true;
}

/* The fraction of a second in ms; further digits are dropped. */
static bool fraction(struct span *text, int *ms)
{
    int scale = 100;
    char digit;
    *ms = 0;
    if (!one_of(text, ".", &digit))
        return true;
    bool any = false;
    for (; one_of(text, "0123456789", &digit); scale /= 10, any = true)
        *ms += (digit - '0') * scale;
    return any;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* RFC 3339, 5.6: 2026-11-24T10:00:00.123Z or with +01:00. A '+' that a query turned into a space
 * counts. */
static bool time_read(struct span text, int64_t *ms)
{
    int year, month, day, hour, minute, second, milli, zone_hour = 0, zone_minute = 0;
    char c, sign = 'Z';
    if (!digits(&text, 4, &year) || !one_of(&text, "-", &c) || !digits(&text, 2, &month) ||
        !one_of(&text, "-", &c) || !digits(&text, 2, &day) || !one_of(&text, "Tt ", &c) ||
        !digits(&text, 2, &hour) || !one_of(&text, ":", &c) || !digits(&text, 2, &minute) ||
        !one_of(&text, ":", &c) || !digits(&text, 2, &second) || !fraction(&text, &milli) ||
        !one_of(&text, "Zz+- ", &sign))
        return false;
    if (strchr("+- ", sign) && (!digits(&text, 2, &zone_hour) || !one_of(&text, ":", &c) ||
                                !digits(&text, 2, &zone_minute)))
        return false;
    if (text.n || month < 1 || month > 12 || day < 1 || day > days_of(year, month) || hour > 23 ||
        minute > 59 || second > 60 || zone_hour > 23 || zone_minute > 59)
        return false;
    struct tm parts = {.tm_year = year - 1900,
                       .tm_mon = month - 1,
                       .tm_mday = day,
                       .tm_hour = hour,
                       .tm_min = minute,
                       .tm_sec = second};
    int64_t zone = (zone_hour * 60 + zone_minute) * 60;
    *ms = ((int64_t)timegm(&parts) + (sign == '-' ? zone : -zone)) * 1000 + milli;
    return true;
}

/* All events from this millisecond on: a reader that takes its own time and then subscribes misses
 * none of the same millisecond. */
static uint64_t before_ms(int64_t ms)
{
    if (ms <= 0)
        return 0;
    return (uint64_t)ms > ID_MS_MAX ? UINT64_MAX : id_make((uint64_t)ms, 0) - 1;
}

void from_read(struct span text, struct start *start)
{
    uint64_t number;
    int64_t ms;
    if (span_equal(text, SPAN("now"))) {
        start->from_kind = START_NONE;
    } else if (span_equal(text, SPAN("earliest"))) {
        start->from_kind = START_EARLIEST;
    } else if (text.n > 1 && text.p[0] == '-' &&
               number_parse((struct span){text.p + 1, text.n - 1}, UINT64_MAX / 16, &number)) {
        start->from_kind = START_NEWEST;
        start->from = number;
    } else if (id_parse(text, &number) == OK) {
        start->from_kind = START_AFTER;
        start->from = number;
    } else if (number_parse(text, ID_MS_MAX, &number)) {
        start->from_kind = START_TIME;
        start->from = before_ms((int64_t)number);
    } else if (time_read(text, &ms)) {
        start->from_kind = START_TIME;
        start->from = before_ms(ms);
    } else {
        start->from_kind = START_UNKNOWN;
    }
}
