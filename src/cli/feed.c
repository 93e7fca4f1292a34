/* Feeding. Two batches take turns: one is the publisher's, one gathers lines.
 * Where a line is wrong nothing behind it is read; what stands before it is still published. */
#include "cli/feed.h"

#include "base/clock.h"
#include "base/terminal.h"
#include "base/units.h"
#include "cli/meter.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "client/url.h"
#include "json/scan.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { IDLE_TURN_MS = 60000 };

struct feed {
    const struct feed_options *options;
    struct lines *lines;
    struct publisher *publisher;
    struct batch batches[2], *gathering, *sent;
    struct meter meter;
    bool full;     /* the next line does not fit behind those gathered */
    bool ended;    /* nothing more is gathered */
    bool complete; /* and all was */
    bool watched;  /* somebody looks at standard error */
    bool waiting;  /* the hub does not answer */
    int signals, signal;
    uint64_t events, last_line, last_read; /* that are published; the last one's number, and end in
                                              the input */
    char id[64], server[256];
};

/* ---- what the publisher tells ---- */

static void on_answered(void *context, const struct batch_line *lines, uint32_t count,
                        struct span last_id)
{
    struct feed *feed = context;
    feed->events += count;
    feed->last_line = lines[count - 1].number;
    feed->last_read = lines[count - 1].read;
    snprintf(feed->id, sizeof feed->id, "%.*s", (int)last_id.n, last_id.p);
}

static void on_lost(void *context, const char *why)
{
    struct feed *feed = context;
    feed->waiting = true;
    say("%s; trying again", why);
}

static void on_back(void *context, uint64_t after_ms)
{
    struct feed *feed = context;
    feed->waiting = false;
    say("%s answers again, after %.1f s", feed->server, (double)after_ms / 1000);
}

static void on_keyless(void *context)
{
    (void)context;
    say("the hub remembers no more idempotency keys; what follows has none, and is not sent again "
        "if its answer is lost");
}

/* ---- gathering ---- */

static void wrong_line(struct feed *feed, enum error error, uint64_t number, size_t at)
{
    char where[40] = "";
    feed->ended = true;
    if (feed->lines)
        snprintf(where, sizeof where, "line %" PRIu64 ": ", number);
    switch (error) {
    case ERROR_UTF8:
        say("%snot valid UTF-8 (at byte %zu)", where, at + 1);
        break;
    case ERROR_JSON_SYNTAX:
        say("%snot JSON (at byte %zu)", where, at + 1);
        break;
    case ERROR_JSON_DEPTH:
        say("%sJSON nested more than %d deep (at byte %zu)", where, JSON_DEPTH_MAX, at + 1);
        break;
    case ERROR_TOO_LARGE:
        say("%slarger than %d MiB", where, LINE_MAX_BYTES >> 20);
        break;
    default:
        say("%s%s", where, error_text(error));
    }
}

static bool is_blank(struct span line)
{
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r')
            return false;
    return true;
}

/* Takes the next line from those that are there; false where that has to wait. */
static bool gather_line(struct feed *feed)
{
    struct lines *lines = feed->lines;
    const struct batch_format *format = &feed->options->format;
    struct span line;
    size_t at;
    if (!lines_peek(lines, &line))
        return false;
    uint64_t number = lines->taken + 1;
    enum error error = OK;
    bool passed =
        number < feed->options->from_line || (format->kind != BATCH_TEXT && is_blank(line));
    if (!passed)
        error = batch_add(feed->gathering, format, line, number, lines->read + (uint64_t)line.n + 1,
                          &at);
    if (error == ERROR_TOO_LARGE && feed->gathering->count) {
        feed->full = true;
        return false;
    }
    if (error) {
        wrong_line(feed, error, number, at);
        return false;
    }
    lines_take(lines);
    return true;
}

/* Gathers what is there without waiting. */
static void gather(struct feed *feed)
{
    while (!feed->ended && !feed->full && !batch_is_full(feed->gathering)) {
        if (gather_line(feed) || feed->full || feed->ended)
            continue;
        if (feed->lines->ended) {
            feed->ended = feed->complete = true;
            break;
        }
        if (!lines_are_ready(feed->lines))
            break;
        const char *wrong = lines_read(feed->lines);
        if (wrong) {
            feed->ended = true;
            say("line %" PRIu64 ": %s", feed->lines->taken + 1, wrong);
        }
    }
}

static void gather_data(struct feed *feed)
{
    size_t at;
    enum error error =
        batch_add(feed->gathering, &feed->options->format, feed->options->data, 1, 0, &at);
    if (error)
        wrong_line(feed, error, 1, at);
    else
        feed->ended = feed->complete = true;
}

static void send_gathered(struct feed *feed)
{
    struct batch *batch = feed->gathering;
    feed->gathering = feed->sent;
    feed->sent = batch;
    batch_clear(feed->gathering);
    feed->full = false;
    publisher_send(feed->publisher, batch, &feed->options->format);
}

/* ---- turns ---- */

static void take_signals(struct feed *feed)
{
    for (int number; (number = signals_take(feed->signals));) {
        if (feed->signal)
            publisher_abort(feed->publisher);
        feed->signal = number;
        feed->ended = true;
        feed->complete = false;
        batch_clear(feed->gathering);
        publisher_hurry(feed->publisher);
    }
}

static void turn(struct feed *feed)
{
    struct pollfd others[2] = {{.fd = feed->signals}};
    size_t count = 1;
    bool room = !feed->ended && !feed->full && !batch_is_full(feed->gathering);
    if (room && !feed->lines->regular)
        others[count++].fd = feed->lines->fd;
    publisher_turn(feed->publisher, others, count,
                   feed->watched ? METER_INTERVAL_MS : IDLE_TURN_MS);
    take_signals(feed);
    if (!feed->watched)
        return;
    meter_show(&feed->meter, feed->events, feed->last_read, feed->waiting ? feed->server : NULL,
               clock_mono_ms());
}

static void run(struct feed *feed)
{
    if (!feed->lines)
        gather_data(feed);
    for (;;) {
        gather(feed);
        enum publish_state state = publisher_state(feed->publisher);
        if (state == PUBLISH_REFUSED || state == PUBLISH_GAVE_UP)
            break;
        if (state == PUBLISH_IDLE && feed->gathering->count)
            send_gathered(feed);
        else if (state == PUBLISH_IDLE && feed->ended)
            break;
        turn(feed);
    }
}

/* ---- the end ---- */

static void say_failure(const struct feed *feed)
{
    struct publish_failure failure = publisher_failure(feed->publisher);
    if (!failure.why || !*failure.why)
        return;
    if (feed->lines && failure.line)
        say("line %" PRIu64 " was refused: %s", failure.line, failure.why);
    else if (publisher_state(feed->publisher) == PUBLISH_GAVE_UP)
        say("%s; gave up", failure.why);
    else
        say("%s", failure.why);
}

/* How far it came, and how somebody goes on from there. What may have been published is not
 * published again under its old keys. */
static void say_where(const struct feed *feed)
{
    struct publish_failure failure = publisher_failure(feed->publisher);
    const char *key = feed->options->format.key;
    uint64_t next = feed->last_line ? feed->last_line + 1 : feed->options->from_line;
    if (!feed->lines) {
        say(failure.unsure_from ? "nobody knows whether it was published" : "it was not published");
        return;
    }
    if (feed->events)
        say("published %s event%s, up to line %" PRIu64, grouped(feed->events).text,
            feed->events == 1 ? "" : "s", feed->last_line);
    else
        say("published nothing");
    if (failure.unsure_from == failure.unsure_to && failure.unsure_from)
        say("nobody knows whether line %" PRIu64 " was published", failure.unsure_from);
    else if (failure.unsure_from)
        say("nobody knows whether lines %" PRIu64 " to %" PRIu64 " were published",
            failure.unsure_from, failure.unsure_to);
    if (feed->lines->regular && failure.unsure_from && feed->sent->keyed)
        say("go on with --from-line %" PRIu64 " --key '%s'", next, key);
    else if (feed->lines->regular)
        say("go on with --from-line %" PRIu64, next);
}

static int finish(struct feed *feed)
{
    bool all = feed->complete && publisher_state(feed->publisher) == PUBLISH_IDLE;
    progress_clear();
    if (!all) {
        say_failure(feed);
        say_where(feed);
    } else if (feed->watched && feed->lines) {
        say("published %s", meter_summary(&feed->meter, feed->events, clock_mono_ms()).text);
    }
    if (feed->options->print_id && feed->id[0])
        puts(feed->id);
    return feed->signal && !all ? 128 + feed->signal : all ? 0 : 1;
}

int feed_run(const struct feed_options *options)
{
    struct feed feed = {.options = options, .lines = options->lines};
    const struct publish_handler handler = {
        .answered = on_answered, .lost = on_lost, .back = on_back, .keyless = on_keyless};
    for (int i = 0; i < 2; i++)
        batch_init(&feed.batches[i], LINE_MAX_BYTES);
    feed.gathering = &feed.batches[0];
    feed.sent = &feed.batches[1];
    feed.watched = terminal_is(STDERR_FILENO) && feed.lines && !isatty(feed.lines->fd);
    struct span server = url_server(span_from(options->publish.url));
    snprintf(feed.server, sizeof feed.server, "%.*s", (int)server.n, server.p);
    feed.signals = signals_open();
    feed.publisher = publisher_new(&options->publish, &handler, &feed);
    meter_init(&feed.meter, feed.lines ? feed.lines->size : 0, clock_mono_ms());
    run(&feed);
    int status = finish(&feed);
    publisher_free(feed.publisher);
    for (int i = 0; i < 2; i++)
        batch_fini(&feed.batches[i]);
    close(feed.signals);
    return status;
}
