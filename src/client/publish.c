/* Publishing. One transfer at a time on one handle:
 *
 *     IDLE ─▶ ASKING ⇄ WAITING          from both, for good: REFUSED, GAVE_UP
 *       ▲────────┘
 *
 * Of the batch in hand the lines before `from` are published, and those up to `to` are asked for;
 * that is fewer than all where a body was too large, or where the line at `to` was refused and only
 * what stands before it is still to go. */
#include "client/publish.h"

#include "base/check.h"
#include "base/clock.h"
#include "client/answer.h"
#include "client/backoff.h"
#include "client/headers.h"
#include "client/transfer.h"
#include "client/url.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    JITTER_FIRST_MS = 200, /* what the wait after the first failure is below */
    JITTER_MOST_MS = 10000,
    SILENCE_S = 60, /* without a byte in either direction */
    LAST_MS = 2000, /* that the last attempt has at least */
    KEYLESS_MS = 600000,
    ANSWER_MAX = 16 << 10,
    UPLOAD_BUFFER = 512 << 10,
    TURN_MOST_MS = 3600000, /* what fits an int; then there is another turn */
};

struct publisher {
    struct publish_options options;
    struct publish_handler handler;
    void *context;
    enum publish_state state;
    CURLM *multi;
    CURL *curl;
    bool attached; /* curl is in multi */
    struct curl_slist *headers;
    char curl_error[CURL_ERROR_SIZE];
    struct buf said; /* the answer's body */
    struct answer answer;

    struct batch *batch;
    const struct batch_format *format;
    uint32_t from, to;
    uint32_t most; /* lines of a request */
    struct publish_failure failure;
    char why[ANSWER_WHY_MAX];
    bool refused; /* the line at `to` is, for failure's reason */

    /* Monotonic ms; 0: no such time. */
    uint64_t attempt_at, next_at;
    uint64_t failing_since; /* of a row of failures */
    uint64_t unsure_since;  /* an attempt that may have arrived */
    uint64_t keyless_until;
    unsigned failures; /* in a row */
    bool hurry;
};

static void enter(struct publisher *publisher, enum publish_state state)
{
    static const bool legal[][5] = {
        [PUBLISH_IDLE] = {[PUBLISH_ASKING] = true},
        [PUBLISH_ASKING] = {[PUBLISH_IDLE] = true,
                            [PUBLISH_ASKING] = true,
                            [PUBLISH_WAITING] = true,
                            [PUBLISH_REFUSED] = true,
                            [PUBLISH_GAVE_UP] = true},
        [PUBLISH_WAITING] = {[PUBLISH_ASKING] = true, [PUBLISH_GAVE_UP] = true},
        [PUBLISH_GAVE_UP] = {false},
    };
    CHECK(legal[publisher->state][state]);
    publisher->state = state;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *context)
{
    struct publisher *publisher = context;
    return buf_append(&publisher->said, bytes, size * n) ? 0 : size * n;
}

struct publisher *publisher_new(const struct publish_options *options,
                                const struct publish_handler *handler, void *context)
{
    struct publisher *publisher = memory_new(sizeof *publisher);
    struct transfer_options transfer = {.url = options->url, .ca_file = options->ca_file};
    *publisher = (struct publisher){.options = *options,
                                    .handler = *handler,
                                    .context = context,
                                    .multi = curl_multi_init(),
                                    .curl = transfer_new(&transfer),
                                    .most = BATCH_LINES_MAX};
    CHECK(publisher->multi);
    buf_init(&publisher->said, ANSWER_MAX);
    CURL *curl = publisher->curl;
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, publisher->curl_error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, publisher);
    return publisher;
}

static void detach(struct publisher *publisher)
{
    if (publisher->attached)
        curl_multi_remove_handle(publisher->multi, publisher->curl);
    publisher->attached = false;
}

void publisher_free(struct publisher *publisher)
{
    if (!publisher)
        return;
    detach(publisher);
    curl_easy_cleanup(publisher->curl);
    curl_multi_cleanup(publisher->multi);
    curl_slist_free_all(publisher->headers);
    buf_fini(&publisher->said);
    free(publisher);
}

/* ---- asking ---- */

static bool is_keyless(const struct publisher *publisher)
{
    return publisher->keyless_until > clock_mono_ms();
}

static struct curl_slist *make_headers(const struct publisher *publisher)
{
    static const char *const types[] = {"Content-Type: application/x-ndjson",
                                        "Content-Type: text/plain; charset=utf-8",
                                        "Content-Type: application/json"};
    const struct publish_options *options = &publisher->options;
    const struct batch *batch = publisher->batch;
    /* No waiting for `100 Continue`: what is sent in vain is small. */
    const char *own[] = {types[!batch->alone ? 0 : batch->json ? 2 : 1], "Expect:"};
    struct curl_slist *list = headers_new(own, 1, options->headers, options->headers_count);
    list = curl_slist_append(list, own[1]);
    CHECK(list);
    if (batch->alone && batch->key[0])
        list = header_add(list, SPAN("Idempotency-Key"), span_from(batch->key));
    return list;
}

/* For the attempt that begins now, in ms; 0: no limit. One that begins when time is nearly up gets
 * some, too, else it were in vain. One more, so that it is over then. */
static long time_left(const struct publisher *publisher)
{
    uint64_t now = publisher->attempt_at, give_up_ms = publisher->options.give_up_ms,
             since = publisher->failures ? publisher->failing_since : now,
             least = give_up_ms < LAST_MS ? give_up_ms : LAST_MS,
             left = since + give_up_ms > now + least ? since + give_up_ms - now : least;
    return give_up_ms ? (long)left + 1 : 0;
}

static void ask(struct publisher *publisher)
{
    CURL *curl = publisher->curl;
    const struct batch *batch = publisher->batch;
    size_t start = publisher->from ? batch->lines[publisher->from - 1].end : 0;
    size_t end = batch->lines[publisher->to - 1].end;
    curl_slist_free_all(publisher->headers);
    publisher->headers = make_headers(publisher);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, publisher->headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, end ? batch->body.data + start : "");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(end - start));
    /* On a connection that was kept libcurl itself sends again what got no answer. */
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, batch->keyed ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, batch->keyed ? 0L : 1L);
    publisher->said.len = 0;
    publisher->curl_error[0] = '\0';
    publisher->attempt_at = clock_mono_ms();
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, time_left(publisher));
    CHECK(curl_multi_add_handle(publisher->multi, curl) == CURLM_OK);
    publisher->attached = true;
    enter(publisher, PUBLISH_ASKING);
}

/* The next lines of the batch, as many as go. */
static void ask_next(struct publisher *publisher)
{
    uint32_t left = publisher->batch->count - publisher->from;
    publisher->to = publisher->from + (left < publisher->most ? left : publisher->most);
    ask(publisher);
}

void publisher_send(struct publisher *publisher, struct batch *batch,
                    const struct batch_format *format)
{
    CHECK(publisher->state == PUBLISH_IDLE && batch->count > 0);
    publisher->batch = batch;
    publisher->format = format;
    publisher->from = 0;
    if (is_keyless(publisher))
        batch_forget_keys(batch, format);
    ask_next(publisher);
}

/* ---- what came of it ---- */

static uint64_t number_of(const struct publisher *publisher, uint32_t index)
{
    return publisher->batch->lines[index].number;
}

static void give_up(struct publisher *publisher)
{
    publisher->failure = (struct publish_failure){.why = publisher->why};
    if (publisher->unsure_since) {
        publisher->failure.unsure_from = number_of(publisher, publisher->from);
        publisher->failure.unsure_to = number_of(publisher, publisher->to - 1);
    }
    enter(publisher, PUBLISH_GAVE_UP);
}

/* When there is no sense in trying on. */
static uint64_t deadline_of(const struct publisher *publisher)
{
    uint64_t deadline = UINT64_MAX, safe = publisher->batch->keyed ? PUBLISH_SAFE_MS : 0;
    if (publisher->hurry)
        return 0;
    if (publisher->options.give_up_ms)
        deadline = publisher->failing_since + publisher->options.give_up_ms;
    if (publisher->unsure_since && publisher->unsure_since + safe < deadline)
        deadline = publisher->unsure_since + safe;
    return deadline;
}

static void try_again(struct publisher *publisher, const char *why, bool unsure, uint64_t least_ms)
{
    uint64_t now = clock_mono_ms();
    bool first = !publisher->failures++;
    snprintf(publisher->why, sizeof publisher->why, "%s", why);
    if (first)
        publisher->failing_since = publisher->attempt_at;
    if (unsure && !publisher->unsure_since)
        publisher->unsure_since = publisher->attempt_at;
    uint64_t deadline = deadline_of(publisher);
    if (now + least_ms >= deadline) {
        give_up(publisher);
        return;
    }
    publisher->next_at =
        now + least_ms + backoff_wait(JITTER_FIRST_MS, publisher->failures, JITTER_MOST_MS);
    if (publisher->next_at > deadline)
        publisher->next_at = deadline;
    enter(publisher, PUBLISH_WAITING);
    if (first && publisher->handler.lost)
        publisher->handler.lost(publisher->context, publisher->why);
}

static void published(struct publisher *publisher, struct span id)
{
    uint32_t from = publisher->from;
    if (publisher->failures && publisher->handler.back)
        publisher->handler.back(publisher->context, clock_mono_ms() - publisher->failing_since);
    publisher->failures = 0;
    publisher->failing_since = publisher->unsure_since = 0;
    publisher->from = publisher->to;
    if (publisher->handler.answered)
        publisher->handler.answered(publisher->context, publisher->batch->lines + from,
                                    publisher->to - from, id);
    if (publisher->refused)
        enter(publisher, PUBLISH_REFUSED);
    else if (publisher->from < publisher->batch->count)
        ask_next(publisher);
    else
        enter(publisher, PUBLISH_IDLE);
}

/* Refused for good; `line` of the body, from 1, or 0. */
static void refuse(struct publisher *publisher, const char *why, uint64_t line)
{
    if (line > publisher->to - publisher->from)
        line = 0;
    snprintf(publisher->why, sizeof publisher->why, "%s", why);
    publisher->failure = (struct publish_failure){.why = publisher->why};
    publisher->failures = 0;
    if (line)
        publisher->failure.line = number_of(publisher, publisher->from + (uint32_t)line - 1);
    publisher->refused = line > 1;
    if (publisher->refused) {
        publisher->to = publisher->from + (uint32_t)line - 1;
        ask(publisher);
    } else {
        enter(publisher, PUBLISH_REFUSED);
    }
}

static void send_less(struct publisher *publisher)
{
    publisher->most = (publisher->to - publisher->from) / 2;
    publisher->to = publisher->from + publisher->most;
    ask(publisher);
}

static void send_without_keys(struct publisher *publisher, const char *why)
{
    bool told = is_keyless(publisher), had = publisher->batch->keyed;
    publisher->keyless_until = clock_mono_ms() + KEYLESS_MS;
    batch_forget_keys(publisher->batch, publisher->format);
    if (!had) { /* then these are the lines' own */
        try_again(publisher, why, false, transfer_retry_after(publisher->curl));
        return;
    }
    if (!told && publisher->handler.keyless)
        publisher->handler.keyless(publisher->context);
    ask(publisher);
}

static void answered(struct publisher *publisher)
{
    struct answer *answer = &publisher->answer;
    uint32_t count = publisher->to - publisher->from;
    long status = 0;
    char *type = NULL, *place = NULL;
    curl_easy_getinfo(publisher->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(publisher->curl, CURLINFO_CONTENT_TYPE, &type);
    curl_easy_getinfo(publisher->curl, CURLINFO_REDIRECT_URL, &place);
    answer_read(answer, url_server(span_from(publisher->options.url)), status, type,
                buf_span(&publisher->said), count);
    switch (answer->verdict) {
    case ANSWER_PUBLISHED:
        published(publisher, span_from(answer->id));
        break;
    case ANSWER_AGAIN:
    case ANSWER_UNSURE:
        try_again(publisher, answer->why, answer->verdict == ANSWER_UNSURE,
                  transfer_retry_after(publisher->curl));
        break;
    case ANSWER_KEYS_MANY:
        send_without_keys(publisher, answer->why);
        break;
    case ANSWER_TOO_LARGE:
        if (count > 1)
            send_less(publisher);
        else
            refuse(publisher, answer->why, 1);
        break;
    case ANSWER_REFUSED:
        if (place)
            snprintf(answer->why, sizeof answer->why,
                     "the server answers %ld: it is at %s now; write that as --url", status, place);
        refuse(publisher, answer->why,
               answer->line                                     ? answer->line
               : count == 1 && (status == 400 || status == 422) ? 1
                                                                : 0);
    }
}

static void broken(struct publisher *publisher, CURLcode result)
{
    char why[ANSWER_WHY_MAX];
    long sent = 0;
    struct span server = url_server(span_from(publisher->options.url));
    curl_easy_getinfo(publisher->curl, CURLINFO_REQUEST_SIZE, &sent);
    snprintf(why, sizeof why, "%s %.*s: %s", sent ? "no answer from" : "cannot reach",
             (int)server.n, server.p, transfer_why(publisher->curl, result, publisher->curl_error));
    if (sent == 0 && transfer_is_hopeless(result))
        refuse(publisher, why, 0);
    else
        try_again(publisher, why, sent > 0, 0);
}

/* ---- turns ---- */

static void work(struct publisher *publisher)
{
    int running, left;
    CHECK(curl_multi_perform(publisher->multi, &running) == CURLM_OK);
    const CURLMsg *message = curl_multi_info_read(publisher->multi, &left);
    if (!message || publisher->state != PUBLISH_ASKING)
        return;
    CURLcode result = message->data.result;
    detach(publisher);
    if (result == CURLE_OK)
        answered(publisher);
    else
        broken(publisher, result);
}

void publisher_turn(struct publisher *publisher, struct pollfd *others, size_t count, uint64_t ms)
{
    struct curl_waitfd fds[PUBLISH_OTHERS_MAX];
    CHECK(count <= PUBLISH_OTHERS_MAX);
    for (size_t i = 0; i < count; i++)
        fds[i] = (struct curl_waitfd){.fd = others[i].fd, .events = CURL_WAIT_POLLIN};
    uint64_t now = clock_mono_ms();
    if (publisher->state == PUBLISH_WAITING) {
        uint64_t left = publisher->next_at > now ? publisher->next_at - now : 0;
        ms = left < ms ? left : ms;
    }
    ms = ms < TURN_MOST_MS ? ms : TURN_MOST_MS;
    CHECK(curl_multi_poll(publisher->multi, fds, (unsigned)count, (int)ms, NULL) == CURLM_OK);
    for (size_t i = 0; i < count; i++)
        others[i].revents = fds[i].revents;
    if (publisher->state == PUBLISH_WAITING && clock_mono_ms() >= publisher->next_at)
        ask(publisher);
    work(publisher);
}

enum publish_state publisher_state(const struct publisher *publisher)
{
    return publisher->state;
}

void publisher_hurry(struct publisher *publisher)
{
    publisher->hurry = true;
    if (publisher->state == PUBLISH_WAITING)
        give_up(publisher);
}

void publisher_abort(struct publisher *publisher)
{
    if (publisher->state == PUBLISH_ASKING) {
        detach(publisher);
        publisher->unsure_since = publisher->attempt_at;
    }
    if (publisher->state == PUBLISH_ASKING || publisher->state == PUBLISH_WAITING)
        give_up(publisher);
}

struct publish_failure publisher_failure(const struct publisher *publisher)
{
    return publisher->failure;
}
