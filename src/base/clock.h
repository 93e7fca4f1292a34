/* The two clocks. Wall time may step; monotonic time may not. Both in milliseconds. */
#ifndef FRESHET_BASE_CLOCK_H
#define FRESHET_BASE_CLOCK_H

#include <stdint.h>

/* Unix time: for ids and what people read. */
uint64_t clock_wall_ms(void);

/* For timeouts and intervals; its zero means nothing. */
uint64_t clock_mono_ms(void);

#endif
