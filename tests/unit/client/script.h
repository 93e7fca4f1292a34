/* A server of the test's own in the same thread: to each request it sends the next of some answers,
 * as they stand, and closes. script_run drives it and a follower by turns. */
#ifndef FRESHET_TESTS_CLIENT_SCRIPT_H
#define FRESHET_TESTS_CLIENT_SCRIPT_H

#include "base/buf.h"
#include "base/check.h"
#include "client/follow.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct script {
    int listener, connection; /* -1: none */
    char url[64];
    const struct span *answers; /* after the last, nothing is answered */
    size_t count, next;
    struct buf requests; /* heads, one behind the other */
    size_t head;         /* where the one under way begins */
};

static inline void script_open(struct script *script)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    *script = (struct script){.connection = -1};
    buf_init(&script->requests, 1 << 20);
    script->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(script->listener, (struct sockaddr *)&address, size) == 0);
    CHECK(listen(script->listener, 100) == 0);
    CHECK(getsockname(script->listener, (struct sockaddr *)&address, &size) == 0);
    snprintf(script->url, sizeof script->url, "http://127.0.0.1:%d/a", ntohs(address.sin_port));
}

static inline void script_close_connection(struct script *script)
{
    if (script->connection >= 0)
        close(script->connection);
    script->connection = -1;
    script->head = script->requests.len;
}

static inline void script_close(struct script *script)
{
    script_close_connection(script);
    close(script->listener);
    buf_fini(&script->requests);
}

static inline void script_answers(struct script *script, const struct span *answers, size_t count)
{
    script_close_connection(script);
    script->answers = answers;
    script->count = count;
    script->next = 0;
    script->requests.len = script->head = 0;
}

static inline void script_read(struct script *script)
{
    char bytes[4096];
    ssize_t n = read(script->connection, bytes, sizeof bytes);
    if (n <= 0) {
        script_close_connection(script);
        return;
    }
    CHECK(buf_append(&script->requests, bytes, (size_t)n) == OK);
    struct span head = {script->requests.data + script->head, script->requests.len - script->head};
    if (!memmem(head.p, head.n, "\r\n\r\n", 4) || script->next == script->count)
        return;
    struct span answer = script->answers[script->next++];
    CHECK(send(script->connection, answer.p, answer.n, MSG_NOSIGNAL) == (ssize_t)answer.n);
    script_close_connection(script);
}

/* What it waits for, and what it then does. */
static inline struct pollfd script_poll(const struct script *script)
{
    return (struct pollfd){
        .fd = script->connection >= 0 ? script->connection : script->listener,
        .events = POLLIN,
    };
}

static inline void script_step(struct script *script)
{
    if (script->connection >= 0)
        script_read(script);
    else
        script->connection = accept4(script->listener, NULL, NULL, SOCK_CLOEXEC);
}

/* Until the follower has ended. */
static inline void script_run(struct script *script, struct follow *follow)
{
    for (;;) {
        struct pollfd fd = script_poll(script);
        if (!follow_turn(follow, &fd, 1, 60000))
            return;
        if (poll(&fd, 1, 0) == 1)
            script_step(script);
    }
}

/* ---- streams in chunks, which libcurl gives to its user one by one ---- */

#define SCRIPT_CHUNKED                                       \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" \
    "Transfer-Encoding: chunked\r\n\r\n"

static inline void script_write_chunk(struct buf *answer, struct span bytes)
{
    if (bytes.n == 0)
        return;
    CHECK(buf_printf(answer, "%zx\r\n", bytes.n) == OK);
    CHECK(buf_append(answer, bytes.p, bytes.n) == OK);
    CHECK(buf_append(answer, "\r\n", 2) == OK);
}

/* A whole answer: the bytes up to `cut` and the rest in two chunks; 0: each byte in its own. */
static inline void script_write_stream(struct buf *answer, struct span bytes, size_t cut)
{
    CHECK(buf_append(answer, SCRIPT_CHUNKED, sizeof SCRIPT_CHUNKED - 1) == OK);
    for (size_t i = 0; i < bytes.n && !cut; i++)
        script_write_chunk(answer, (struct span){bytes.p + i, 1});
    if (cut) {
        script_write_chunk(answer, (struct span){bytes.p, cut});
        script_write_chunk(answer, (struct span){bytes.p + cut, bytes.n - cut});
    }
    CHECK(buf_append(answer, "0\r\n\r\n", 5) == OK);
}

#endif
