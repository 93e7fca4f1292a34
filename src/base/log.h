/* One line a happening on standard error: time, level, a stable event name, key=value pairs; as
 * text, or as a JSON object that says the same. */
#ifndef FRESHET_BASE_LOG_H
#define FRESHET_BASE_LOG_H

#include "base/span.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

/* The least level that is written, and how; INFO and TEXT until they are set. Any thread, at any
 * time; lines that are being made may still go by what was. */
void log_set_level(enum log_level least);
void log_set_format(enum log_format format);

/* `event` names what happened, for machines: words joined by dots, such as "stream.closed". The
 * rest is printf for pairs with one blank between, each key once: "channel=%s subscribers=%zu". A
 * value with blanks stands in quotes: "error=\"%s\"". In JSON what holds a %s is a string, all else
 * a number where it is one. Any thread; a line leaves in one write. */
__attribute__((format(printf, 3, 4))) void log_line(enum log_level level, const char *event,
                                                    const char *pairs, ...);

/* A value that a stranger chose, fit to stand behind `key=`: white space, control bytes, '"', '%'
 * and '=' are percent-encoded. */
struct log_value {
    char text[3 * 255 + 1];
};
struct log_value log_value(struct span value);

/* Words fit to stand between quotes: '"' becomes '\''. */
struct log_value log_words(const char *words);

#endif
