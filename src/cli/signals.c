/* Signals. */
#include "cli/signals.h"

#include "base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int told = -1; /* where the handler writes */

static void on_signal(int number)
{
    int before = errno;
    unsigned char byte = (unsigned char)number;
    (void)!write(told, &byte, 1); /* full: enough have come */
    errno = before;
}

int signals_open(void)
{
    int ends[2];
    struct sigaction action = {.sa_handler = on_signal};
    CHECK(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    told = ends[1];
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    return ends[0];
}

int signals_take(int fd)
{
    unsigned char byte;
    return read(fd, &byte, 1) == 1 ? byte : 0;
}
