/* Where a hub is, and from which local addresses it is reached. One local address has ports for
 * some 28,000 connections to it; a hub on this machine can be reached from all of 127.0.0.0/8. */
#ifndef FRESHET_BENCH_TARGET_H
#define FRESHET_BENCH_TARGET_H

#include "base/span.h"

#include <stdint.h>
#include <sys/socket.h>

enum { TARGET_AUTHORITY_MAX = 255, SOURCES_MAX = 64 };

struct address {
    struct sockaddr_storage socket;
    socklen_t size;
};

struct target {
    struct address address;
    char authority[TARGET_AUTHORITY_MAX + 1]; /* host and port as in the URL, for the Host header */
};

/* Reads http://HOST[:PORT][/PATH] and looks HOST up; *path is the rest of the text from its slash,
 * and may be empty. False with why. */
bool target_parse(struct target *target, const char *url, const char **path, char *why,
                  size_t size);

struct sources {
    struct address addresses[SOURCES_MAX];
    size_t count; /* 0: the system chooses */
};

/* Adds a local address, written as digits. False if it is none, or of another kind than the
 * target, or if there are too many. */
bool sources_add(struct sources *sources, const struct target *target, const char *text);

/* As many loopback addresses as `streams` need, none where one is enough. False if more are needed
 * and the target is not on the loopback, or needs too many. */
bool sources_choose(struct sources *sources, const struct target *target, uint64_t streams);

/* A nonblocking socket on its way to the target, from the source of this number; -1 with errno if
 * the system gives none. */
int target_connect(const struct target *target, const struct sources *sources, uint64_t number);

#endif
