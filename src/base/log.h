/* One line a happening on standard error: time, level, a stable event name, key=value pairs. */
#ifndef FRESHET_BASE_LOG_H
#define FRESHET_BASE_LOG_H

#include "base/span.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* The least level that is written; INFO until it is set. Before threads start. */
void log_set_level(enum log_level least);

/* `event` names what happened, for machines: words joined by dots, such as "stream.closed". The
 * rest is printf for the pairs: "channel=%s subscribers=%zu". Any thread; a line leaves in one
 * write. */
__attribute__((format(printf, 3, 4))) void log_line(enum log_level level, const char *event,
                                                    const char *pairs, ...);

/* A value that a stranger chose, fit to stand behind `key=`: white space, control bytes, '"', '%'
 * and '=' are percent-encoded. */
struct log_value {
    char text[3 * 255 + 1];
};
struct log_value log_value(struct span value);

#endif
