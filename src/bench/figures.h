/* Numbers as people read them. */
#ifndef FRESHET_BENCH_FIGURES_H
#define FRESHET_BENCH_FIGURES_H

#include <stdint.h>

struct figure {
    char text[32];
};

/* 1,234,567 */
struct figure figure_count(double value);

/* 640 B, 12.3 KiB, 1.5 GiB */
struct figure figure_bytes(double bytes);

/* 250 ns, 1.25 µs, 12.5 ms, 3.02 s: three digits that count */
struct figure figure_duration(double ns);

#endif
