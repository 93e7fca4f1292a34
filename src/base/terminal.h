/* People at a terminal: whether somebody looks, how wide the lines are, and one line of progress on
 * standard error that is written over. One thread. */
#ifndef FRESHET_BASE_TERMINAL_H
#define FRESHET_BASE_TERMINAL_H

#include <stdbool.h>

/* A descriptor is a terminal on which a cursor can be moved. */
bool terminal_is(int fd);

/* Colours are wanted: a terminal, and the variable NO_COLOR is not set (https://no-color.org). */
bool terminal_has_colours(int fd);

/* Its columns; 80 where nobody knows. */
unsigned terminal_width(int fd);

/* Shows a line in place of the one before, cut to the width; nothing where standard error is no
 * terminal. */
__attribute__((format(printf, 1, 2))) void progress_show(const char *format, ...);

/* Takes the line away. Call it before anything else is written to the terminal. */
void progress_clear(void);

#endif
