/* What one run of the generator does, from the command line. */
#ifndef FRESHET_BENCH_OPTIONS_H
#define FRESHET_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum options_when {
    WHEN_LIVE,   /* subscribe, then publish */
    WHEN_RETURN, /* subscribe, leave, publish, and come back with the position, all at once */
    WHEN_AFTER   /* publish, then subscribe */
};

struct options {
    struct sockaddr_storage address;
    socklen_t address_size;
    const char *authority; /* host and port as in the URL, for the Host header */
    enum options_when when;
    uint32_t subscribers; /* that read */
    uint32_t stuck;       /* that stop reading once they are open */
    uint32_t channels;
    uint32_t per_stream;
    uint32_t stride;
    uint64_t events;
    uint32_t size;       /* bytes of an event's data */
    double rate;         /* events a second; 0: without pause */
    uint32_t publishers; /* connections that publish */
    uint32_t at_once;    /* connections being opened at the same time */
    const char *stream;  /* templates of targets: %d is the channel's number */
    const char *more;
    const char *publish;
    double settle;     /* seconds of idling before memory is measured */
    double patience;   /* seconds without any progress after which the run is given up */
    double time_limit; /* seconds of the whole run */
    pid_t pid;         /* the server's; 0: not measured */
    bool json;
};

/* Prints what is wrong, or the help, and exits where the command line asks for that. */
void options_read(struct options *options, int argc, char **argv);

#endif
