/* SIGINT and SIGTERM as a descriptor that can be waited for beside others. Once a process. */
#ifndef FRESHET_CLI_SIGNALS_H
#define FRESHET_CLI_SIGNALS_H

/* Takes the two signals over, and SIGPIPE out of the way. Readable when one has come. */
int signals_open(void);

/* The next that has come; 0: none. */
int signals_take(int fd);

#endif
