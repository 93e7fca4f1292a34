/* Three digits that count are enough for what was measured. */
#include "bench/figures.h"

#include <stdio.h>

struct figure figure_count(double value)
{
    struct figure figure;
    char digits[32];
    int n = snprintf(digits, sizeof digits, "%.0f", value), written = 0;
    for (int i = 0; i < n && written < (int)sizeof figure.text - 2; i++) {
        if (i && (n - i) % 3 == 0 && digits[i - 1] != '-')
            figure.text[written++] = ',';
        figure.text[written++] = digits[i];
    }
    figure.text[written] = '\0';
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
