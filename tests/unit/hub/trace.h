/* What a failure prints: the step, what is wrong, and what happened last to the failing reader and
 * on its channels. */
#ifndef FRESHET_TESTS_TRACE_H
#define FRESHET_TESTS_TRACE_H

#include "parts.h"

extern uint64_t trace_step;

/* reader: NULL for what the log does, then to an event on `channel` (SIZE_MAX: on none). */
__attribute__((format(printf, 3, 4))) void trace(const struct reader *reader, size_t channel,
                                                 const char *format, ...);
void trace_print(void);

/* Ends the program if something is wrong (not NULL); stream may be NULL. */
void must(const struct stream *stream, const char *wrong);

#define MUST(condition) must(NULL, (condition) ? NULL : "not " #condition)

#endif
