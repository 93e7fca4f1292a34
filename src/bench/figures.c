/* Three digits that count are enough for what was measured. */
#include "bench/figures.h"

#include "base/units.h"

#include <stdio.h>

struct figure figure_count(double value)
{
    struct figure figure;
    struct grouped size = grouped((uint64_t)((value < 0 ? -value : value) + 0.5));
    snprintf(figure.text, sizeof figure.text, "%s%.30s", value < 0 ? "-" : "", size.text);
    return figure;
}

/* In the largest unit of which there is at least one. */
static struct figure scaled(double value, double step, const char *const *units, unsigned count)
{
    struct figure figure;
    unsigned unit = 0;
    double size = value < 0 ? -value : value;
    while (unit + 1 < count && size >= step * 0.9995) {
        size /= step;
        value /= step;
        unit++;
    }
    int decimals = unit == 0 || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
    snprintf(figure.text, sizeof figure.text, "%.*f %s", decimals, value, units[unit]);
    return figure;
}

struct figure figure_bytes(double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    return scaled(bytes, 1024, units, 5);
}

struct figure figure_duration(double ns)
{
    static const char *const units[] = {"ns", "µs", "ms", "s"};
    return scaled(ns, 1000, units, 4);
}
