/* Following a stream. One transfer at a time on one handle:
 *
 *     WAITING ─▶ ASKING ─▶ OPEN
 *        ▲         │  └──▶ REFUSED   the rest of an error's answer is read for what it says
 *        └─────────┴──────────┘      and ENDED from everywhere
 *
 * libcurl's callbacks only mark; what became of a transfer is judged when it is done, in
 * follow_turn. A callback of an ended one refuses its bytes, which ends the transfer. */
#include "client/follow.h"

#include "base/check.h"
#include "base/clock.h"
#include "client/backoff.h"
#include "client/headers.h"
#include "client/media.h"
#include "client/problem.h"
#include "client/transfer.h"
#include "client/url.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FIRST_RETRY_MS = 1000,  /* the reconnection time until a server sets it */
    JITTER_LEAST_MS = 100,  /* what grows after failures, where the reconnection time is less */
    JITTER_MOST_MS = 30000, /* or the reconnection time, if that is more */
    REFUSED_MS = 5000,      /* for what a refusal says */
    REFUSED_MAX = 16 << 10, /* bytes of it */
    REDIRECTS_MAX = 20,     /* Fetch, 4.4 */
    TURN_MOST_MS = 3600000, /* what fits an int; then there is another turn */
    OTHERS_MAX = 4,
};

enum state { WAITING, ASKING, OPEN, REFUSED, ENDED };

struct follow {
    struct follow_options options;
    struct follow_handler handler;
    void *context;
    enum state state;
    enum follow_end end;
    char why[1024];
    CURLM *multi;
    CURL *curl;
    bool attached; /* curl is in multi */
    struct curl_slist *headers;
    char curl_error[CURL_ERROR_SIZE];
    struct sse_parser *parser;
    struct buf position;
    struct buf refusal;
    uint64_t deadline; /* of the state, monotonic; 0: none */
    uint64_t retry_ms;
    unsigned failures; /* in a row */
    bool brought;      /* this stream told something */
};

static void enter(struct follow *follow, enum state state, uint64_t ms)
{
    static const bool legal[][5] = {
        [WAITING] = {[ASKING] = true, [ENDED] = true},
        [ASKING] = {[OPEN] = true, [REFUSED] = true, [WAITING] = true, [ENDED] = true},
        [OPEN] = {[WAITING] = true, [ENDED] = true},
        [REFUSED] = {[WAITING] = true, [ENDED] = true},
        [ENDED] = {[ENDED] = true},
    };
    CHECK(legal[follow->state][state]);
    follow->state = state;
    follow->deadline = ms ? clock_mono_ms() + ms : 0;
}

/* The first end counts. */
__attribute__((format(printf, 3, 4))) static void finish(struct follow *follow, enum follow_end end,
                                                         const char *format, ...)
{
    if (follow->state == ENDED)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(follow->why, sizeof follow->why, format, args);
    va_end(args);
    follow->end = end;
    enter(follow, ENDED, 0);
}

/* ---- what the stream tells ---- */

static void set_position(struct follow *follow, struct span id)
{
    follow->position.len = 0;
    if (buf_append(&follow->position, id.p, id.n))
        finish(follow, FOLLOW_FAILED, "there is not enough memory for an id");
}

static void on_event(void *context, const struct sse_event *event)
{
    struct follow *follow = context;
    follow->brought |= !span_equal(event->type, SPAN("freshet.busy"));
    if (!span_equal(event->id, buf_span(&follow->position)))
        set_position(follow, event->id);
    if (follow->handler.stream.event)
        follow->handler.stream.event(follow->context, event);
}

static void on_position(void *context, struct span id)
{
    struct follow *follow = context;
    follow->brought = true;
    set_position(follow, id);
    if (follow->handler.stream.position)
        follow->handler.stream.position(follow->context, id);
}

static void on_retry(void *context, uint64_t ms)
{
    struct follow *follow = context;
    follow->retry_ms = ms < UINT64_MAX / 4 ? ms : UINT64_MAX / 4;
    if (follow->handler.stream.retry)
        follow->handler.stream.retry(follow->context, ms);
}

static void on_comment(void *context, struct span text)
{
    struct follow *follow = context;
    follow->handler.stream.comment(follow->context, text);
}

/* The bytes up to the first end of a line and with it. A CR and a LF that came apart are two. */
static struct span line_of(struct span bytes)
{
    size_t n = 0;
    while (n < bytes.n && bytes.p[n] != '\n' && bytes.p[n] != '\r')
        n++;
    n += n + 1 < bytes.n && bytes.p[n] == '\r' && bytes.p[n + 1] == '\n' ? 2 : n < bytes.n;
    return (struct span){bytes.p, n};
}

static void feed(struct follow *follow, struct span bytes)
{
    while (bytes.n && follow->state == OPEN) {
        struct span piece = follow->handler.bytes ? line_of(bytes) : bytes;
        if (follow->handler.bytes)
            follow->handler.bytes(follow->context, piece);
        enum error error = sse_parser_feed(follow->parser, piece);
        if (error == ERROR_TOO_LARGE)
            finish(follow, FOLLOW_FAILED, "an event is larger than %zu bytes",
                   follow->options.max_event);
        else if (error)
            finish(follow, FOLLOW_FAILED, "there is not enough memory for an event");
        bytes.p += piece.n;
        bytes.n -= piece.n;
    }
}

/* ---- the answer ---- */

static long status_of(struct follow *follow)
{
    long status = 0;
    curl_easy_getinfo(follow->curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static const char *type_of(struct follow *follow)
{
    char *type = NULL;
    curl_easy_getinfo(follow->curl, CURLINFO_CONTENT_TYPE, &type);
    return type;
}

/* The head is there and no other will follow. */
static void take_head(struct follow *follow)
{
    long status = status_of(follow);
    const char *type = type_of(follow);
    if (status == 204) {
        finish(follow, FOLLOW_OVER, "the server says that this stream is over (204)");
    } else if (status != 200) {
        enter(follow, REFUSED, REFUSED_MS);
    } else if (!media_is(type, SPAN("text/event-stream"))) {
        finish(follow, FOLLOW_FAILED,
               "this is no event stream: the server answers %s, not text/event-stream",
               type ? type : "without a type");
    } else {
        enter(follow, OPEN, follow->options.silence_ms);
        sse_parser_restart(follow->parser);
        follow->brought = false;
        if (follow->handler.opened)
            follow->handler.opened(follow->context);
    }
}

/* A redirect's head is judged when it turns out to be the last: libcurl tells no bytes of one that
 * it follows. */
static size_t on_head(char *line, size_t size, size_t n, void *context)
{
    struct follow *follow = context;
    long status = status_of(follow);
    n *= size;
    if (follow->state == ASKING && n <= 2 && status >= 200 && (status < 300 || status >= 400))
        take_head(follow);
    (void)line;
    return follow->state == ENDED ? n + 1 : n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
    struct follow *follow = context;
    n *= size;
    if (follow->state == ASKING)
        take_head(follow);
    if (follow->state == OPEN) {
        feed(follow, (struct span){bytes, n});
        if (follow->state == OPEN && follow->options.silence_ms) /* handlers may have taken long */
            follow->deadline = clock_mono_ms() + follow->options.silence_ms;
    } else if (follow->state == REFUSED && buf_append(&follow->refusal, bytes, n)) {
        return n + 1; /* it says too much */
    }
    return follow->state == ENDED ? n + 1 : n;
}

/* ---- asking, and asking again ---- */

static struct curl_slist *make_headers(const struct follow *follow)
{
    static const char *const own[] = {"Accept: text/event-stream", "Cache-Control: no-store",
                                      "Accept-Encoding: identity"};
    const struct follow_options *options = &follow->options;
    struct curl_slist *list =
        headers_new(own, sizeof own / sizeof *own, options->headers, options->headers_count);
    if (follow->position.len)
        list = header_add(list, SPAN("Last-Event-ID"), buf_span(&follow->position));
    return list;
}

static void ask(struct follow *follow)
{
    curl_slist_free_all(follow->headers);
    follow->headers = make_headers(follow);
    curl_easy_setopt(follow->curl, CURLOPT_HTTPHEADER, follow->headers);
    follow->refusal.len = 0;
    follow->curl_error[0] = '\0';
    CHECK(curl_multi_add_handle(follow->multi, follow->curl) == CURLM_OK);
    follow->attached = true;
    enter(follow, ASKING, follow->options.silence_ms);
}

static void detach(struct follow *follow)
{
    if (follow->attached)
        curl_multi_remove_handle(follow->multi, follow->curl);
    follow->attached = false;
}

static void try_again(struct follow *follow, const char *why, uint64_t least_ms)
{
    bool reached = follow->state == OPEN;
    if (follow->options.once) {
        finish(follow, FOLLOW_FAILED, "%s", why);
        return;
    }
    follow->failures = reached && follow->brought ? 0 : follow->failures + 1;
    uint64_t retry = follow->retry_ms, step = retry > JITTER_LEAST_MS ? retry : JITTER_LEAST_MS,
             most = retry > JITTER_MOST_MS ? retry : JITTER_MOST_MS,
             wait = retry + backoff_wait(step, follow->failures, most);
    wait = wait > least_ms ? wait : least_ms;
    enter(follow, WAITING, wait ? wait : 1);
    if (follow->handler.lost)
        follow->handler.lost(follow->context, why, wait, reached);
}

static void refused(struct follow *follow)
{
    long status = status_of(follow);
    struct span server = url_server(span_from(follow->options.url));
    char why[1024];
    struct buf detail;
    buf_init(&detail, sizeof why / 2);
    problem_read(type_of(follow), buf_span(&follow->refusal), &detail);
    snprintf(why, sizeof why, "%.*s answers %ld%s%.*s", (int)server.n, server.p, status,
             detail.len ? ": " : "", (int)detail.len, buf_span(&detail).p);
    buf_fini(&detail);
    if (status == 408 || status == 425 || status == 429 || status >= 500)
        try_again(follow, why, transfer_retry_after(follow->curl));
    else
        finish(follow, FOLLOW_FAILED, "%s", why);
}

/* The transfer was not made or did not end as it should have. */
static void broken(struct follow *follow, CURLcode result)
{
    struct span server = url_server(span_from(follow->options.url));
    const char *reason = transfer_why(follow->curl, result, follow->curl_error);
    char why[1024];
    if (follow->state == OPEN)
        snprintf(why, sizeof why, "the connection broke: %s", reason);
    else
        snprintf(why, sizeof why, "cannot reach %.*s: %s", (int)server.n, server.p, reason);
    if (follow->state == ASKING && transfer_is_hopeless(result))
        finish(follow, FOLLOW_FAILED, "%s", why);
    else
        try_again(follow, why, 0);
}

static void done(struct follow *follow, CURLcode result)
{
    if (follow->state == ENDED)
        return;
    if (follow->state == REFUSED || (follow->state == ASKING && result == CURLE_OK))
        refused(follow);
    else if (result != CURLE_OK)
        broken(follow, result);
    else if (follow->options.once)
        finish(follow, FOLLOW_DONE, "the stream ended");
    else
        try_again(follow, "the stream ended", 0);
}

static void late(struct follow *follow)
{
    char why[100];
    detach(follow);
    if (follow->state == REFUSED) {
        refused(follow);
        return;
    }
    snprintf(why, sizeof why, "nothing came for %g s", (double)follow->options.silence_ms / 1000);
    try_again(follow, why, 0);
}

/* ---- life ---- */

struct follow *follow_new(const struct follow_options *options,
                          const struct follow_handler *handler, void *context)
{
    struct follow *follow = memory_new(sizeof *follow);
    struct sse_handler inner = {on_event, on_position, on_retry,
                                handler->stream.comment ? on_comment : NULL};
    follow->options = *options;
    follow->context = context;
    follow->retry_ms = FIRST_RETRY_MS;
    buf_init(&follow->position, options->max_event + options->position.n);
    buf_init(&follow->refusal, REFUSED_MAX);
    follow->parser = sse_parser_new(&inner, follow, options->max_event);
    CHECK(follow->parser);
    if (options->position.n) { /* the parser keeps it as a stream before this one's */
        CHECK(sse_parser_feed(follow->parser, SPAN("id: ")) == OK &&
              sse_parser_feed(follow->parser, options->position) == OK &&
              sse_parser_feed(follow->parser, SPAN("\n\n")) == OK);
    }
    follow->handler = *handler;
    follow->multi = curl_multi_init();
    CHECK(follow->multi);
    follow->curl =
        transfer_new(&(struct transfer_options){.url = options->url, .ca_file = options->ca_file});
    curl_easy_setopt(follow->curl, CURLOPT_ERRORBUFFER, follow->curl_error);
    curl_easy_setopt(follow->curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(follow->curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    curl_easy_setopt(follow->curl, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(follow->curl, CURLOPT_HEADERDATA, follow);
    curl_easy_setopt(follow->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(follow->curl, CURLOPT_WRITEDATA, follow);
    return follow;
}

void follow_free(struct follow *follow)
{
    if (!follow)
        return;
    detach(follow);
    curl_easy_cleanup(follow->curl);
    curl_multi_cleanup(follow->multi);
    curl_slist_free_all(follow->headers);
    sse_parser_free(follow->parser);
    buf_fini(&follow->position);
    buf_fini(&follow->refusal);
    free(follow);
}

static void wait_for_something(struct follow *follow, const struct pollfd *others, size_t count,
                               uint64_t ms)
{
    struct curl_waitfd fds[OTHERS_MAX];
    uint64_t now = clock_mono_ms();
    CHECK(count <= OTHERS_MAX);
    for (size_t i = 0; i < count; i++)
        fds[i] = (struct curl_waitfd){.fd = others[i].fd,
                                      .events = others[i].events & POLLIN ? CURL_WAIT_POLLIN : 0};
    if (follow->deadline && follow->deadline < now + ms)
        ms = follow->deadline > now ? follow->deadline - now : 0;
    curl_multi_poll(follow->multi, fds, (unsigned)count,
                    (int)(ms < TURN_MOST_MS ? ms : TURN_MOST_MS), NULL);
}

bool follow_turn(struct follow *follow, const struct pollfd *others, size_t count, uint64_t ms)
{
    int running, left;
    if (follow->state == WAITING && follow->deadline <= clock_mono_ms())
        ask(follow);
    if (follow->state != ENDED)
        wait_for_something(follow, others, count, ms < TURN_MOST_MS ? ms : TURN_MOST_MS);
    if (follow->attached) {
        CHECK(curl_multi_perform(follow->multi, &running) == CURLM_OK);
        struct CURLMsg *message = curl_multi_info_read(follow->multi, &left);
        if (message) {
            CURLcode result = message->data.result;
            detach(follow);
            done(follow, result);
        }
    }
    if (follow->attached && follow->deadline && follow->deadline <= clock_mono_ms())
        late(follow);
    if (follow->state == ENDED)
        detach(follow);
    return follow->state != ENDED;
}

void follow_stop(struct follow *follow)
{
    finish(follow, FOLLOW_STOPPED, "stopped");
}

enum follow_end follow_end(const struct follow *follow)
{
    return follow->end;
}

const char *follow_why(const struct follow *follow)
{
    return follow->why;
}

struct span follow_position(const struct follow *follow)
{
    return buf_span(&follow->position);
}
