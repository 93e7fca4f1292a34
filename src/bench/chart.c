/* Of several series of borders the finest is taken whose rows are not too many. */
#include "bench/chart.h"

#include "bench/figures.h"

#include <stdio.h>

enum { BAR_WIDTH = 38, SERIES = 5 };

/* A hundredth of the borders in one decade; ended by 0. */
static const uint64_t series[SERIES][13] = {
    {100, 125, 150, 200, 250, 300, 400, 500, 600, 700, 800, 900},
    {100, 150, 200, 300, 500, 700},
    {100, 200, 500},
    {100, 300},
    {100},
};

/* Borders of one series from the first at or above `from` to the first at or above `to`. Returns
 * how many there are; the first ones are written. */
static size_t borders(const uint64_t *decade, uint64_t from, uint64_t to, struct chart_row *rows)
{
    size_t count = 0;
    for (uint64_t scale = 1; scale < UINT64_C(1000000000000000); scale *= 10)
        for (const uint64_t *hundredths = decade; *hundredths; hundredths++) {
            uint64_t border = *hundredths * scale;
            if (border < from)
                continue;
            if (count < CHART_ROWS_MAX)
                rows[count] = (struct chart_row){.up_to_ns = border};
            count++;
            if (border >= to)
                return count;
        }
    return count;
}

size_t chart_make(const struct histogram *histogram, struct chart_row rows[CHART_ROWS_MAX])
{
    if (!histogram->count)
        return 0;
    uint64_t least = histogram_at(histogram, 0), before = 0;
    size_t count = CHART_ROWS_MAX + 1;
    for (unsigned i = 0; i < SERIES && count > CHART_ROWS_MAX; i++)
        count = borders(series[i], least, histogram->max_ns, rows);
    if (count > CHART_ROWS_MAX)
        count = CHART_ROWS_MAX;
    for (size_t i = 0; i < count; i++) {
        uint64_t so_far =
            i + 1 < count ? histogram_up_to(histogram, rows[i].up_to_ns) : histogram->count;
        rows[i].count = so_far - before;
        before = so_far;
    }
    return count;
}

void chart_print(const struct histogram *histogram)
{
    struct chart_row rows[CHART_ROWS_MAX];
    size_t count = chart_make(histogram, rows);
    uint64_t most = 1;
    for (size_t i = 0; i < count; i++)
        if (rows[i].count > most)
            most = rows[i].count;
    for (size_t i = 0; i < count; i++) {
        const struct chart_row *row = &rows[i];
        char border[32];
        double ns = (double)row->up_to_ns;
        int unit = ns >= 1e9 ? 3 : ns >= 1e6 ? 2 : ns >= 1e3 ? 1 : 0;
        static const double sizes[] = {1, 1e3, 1e6, 1e9};
        static const char *const units[] = {"ns", "µs", "ms", "s "};
        snprintf(border, sizeof border, "%6.4g %s", ns / sizes[unit], units[unit]);
        printf("  up to %s  ", border);
        int length = (int)((double)row->count / (double)most * BAR_WIDTH + 0.5);
        length += row->count && !length; /* what there is can be seen */
        for (int i_bar = 0; i_bar < BAR_WIDTH; i_bar++)
            fputs(i_bar < length ? "█" : " ", stdout);
        printf(" %13s %5.1f %%\n", figure_count((double)row->count).text,
               100 * (double)row->count / (double)histogram->count);
    }
}
