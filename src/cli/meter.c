/* Progress. */
#include "cli/meter.h"

#include "base/terminal.h"
#include "base/units.h"

#include <stdio.h>

enum { SMOOTHING_MS = 3000 };

void meter_init(struct meter *meter, uint64_t size, uint64_t now)
{
    *meter = (struct meter){.size = size, .begun_at = now, .shown_at = now};
}

/* Three digits are enough of a rate that never stands still. */
static struct grouped rounded(double rate)
{
    uint64_t step = 1;
    while (rate / (double)step >= 1000)
        step *= 10;
    return grouped((uint64_t)(rate / (double)step + 0.5) * step);
}

/* What the last moments weigh against what was before: at first all, in the end a 3 s mean. */
static double smooth(double before, double now, double seconds, double elapsed)
{
    double span = elapsed < SMOOTHING_MS / 1000.0 ? elapsed : SMOOTHING_MS / 1000.0;
    double weight = seconds < span ? seconds / span : 1;
    return before + (now - before) * weight;
}

struct left {
    char text[24];
};

static struct left time_left(const struct meter *meter, uint64_t bytes)
{
    struct left out = {""};
    double seconds = bytes < meter->size ? (double)(meter->size - bytes) / meter->bytes_rate : 0;
    if (meter->bytes_rate <= 0 || seconds > 100 * 3600)
        return out;
    unsigned whole = (unsigned)(seconds + 0.5);
    if (whole < 3600)
        snprintf(out.text, sizeof out.text, "  %u:%02u left", whole / 60, whole % 60);
    else
        snprintf(out.text, sizeof out.text, "  %u:%02u:%02u left", whole / 3600, whole / 60 % 60,
                 whole % 60);
    return out;
}

void meter_show(struct meter *meter, uint64_t events, uint64_t bytes, const char *waiting_for,
                uint64_t now)
{
    char front[16] = "", back[300];
    if (now < meter->shown_at + METER_INTERVAL_MS)
        return;
    double seconds = (double)(now - meter->shown_at) / 1000;
    double elapsed = (double)(now - meter->begun_at) / 1000;
    meter->events_rate =
        smooth(meter->events_rate, (double)(events - meter->events) / seconds, seconds, elapsed);
    meter->bytes_rate =
        smooth(meter->bytes_rate, (double)(bytes - meter->bytes) / seconds, seconds, elapsed);
    meter->events = events;
    meter->bytes = bytes;
    meter->shown_at = now;
    if (meter->size)
        snprintf(front, sizeof front, "%3.0f %%  ",
                 bytes < meter->size ? 100.0 * (double)bytes / (double)meter->size : 100.0);
    if (waiting_for)
        snprintf(back, sizeof back, "waiting for %s", waiting_for);
    else
        snprintf(back, sizeof back, "%s a second%s", rounded(meter->events_rate).text,
                 meter->size ? time_left(meter, bytes).text : "");
    progress_show("%s%s events  %s", front, grouped(events).text, back);
}

struct summary meter_summary(const struct meter *meter, uint64_t events, uint64_t now)
{
    struct summary out;
    double seconds = (double)(now - meter->begun_at) / 1000;
    int n = snprintf(out.text, sizeof out.text, "%s event%s in %.*f s", grouped(events).text,
                     events == 1 ? "" : "s", seconds < 10 ? 1 : 0, seconds);
    if (events > 1 && seconds >= 0.1)
        snprintf(out.text + n, sizeof out.text - (size_t)n, " (%s a second)",
                 rounded((double)events / seconds).text);
    return out;
}
