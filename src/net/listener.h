/* Listening sockets. What accepted sockets inherit is set here once: no delay, a capped send
 * buffer, and how long unanswered data may lie before a peer counts as gone. */
#ifndef FRESHET_NET_LISTENER_H
#define FRESHET_NET_LISTENER_H

#include "base/span.h"

#include <stdint.h>
#include <sys/socket.h>

struct listener_options {
    int send_buffer;          /* SO_SNDBUF, bytes; the kernel doubles it */
    uint32_t user_timeout_ms; /* TCP_USER_TIMEOUT */
};

enum { ADDRESS_TEXT_MAX = 64 };

/* NULL, or how an address is written (static), where it is none. */
const char *listener_check(struct span address);

/* Opens `ADDR:PORT`, `[ADDR6]:PORT` or `NAME:PORT` (port 0: any), nonblocking. Returns the
 * descriptor and writes the bound address to bound (ADDRESS_TEXT_MAX); or -1 and a plain sentence
 * in *why (static). */
int listener_open(const char *address, const struct listener_options *options, char *bound,
                  const char **why);

/* Sets how long a connected socket's unanswered data may lie; 0: as long as the system likes. */
void socket_user_timeout(int fd, uint32_t ms);

/* Writes `ADDR:PORT`, or `unknown`, to out (ADDRESS_TEXT_MAX). */
void address_text(const struct sockaddr_storage *address, char *out);

/* The same for the other end of a connected socket. */
void peer_text(int fd, char *out);

#endif
