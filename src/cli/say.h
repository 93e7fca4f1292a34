/* What a verb tells its user on standard error, one line a message. What strangers wrote is made
 * harmless: a terminal obeys control characters. One thread. */
#ifndef FRESHET_CLI_SAY_H
#define FRESHET_CLI_SAY_H

/* `freshet: ` and the message, in place of a line of progress. Up to 2 KB. */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

#endif
