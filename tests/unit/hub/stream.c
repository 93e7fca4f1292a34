/* A stream: what src/server/stream.c does, on a socket that takes what it is told to. */
#include "base/check.h"
#include "base/id.h"
#include "engine/envelope.h"
#include "parts.h"
#include "trace.h"

#include <stdlib.h>

/* ---- what its reader sees ---- */

static void sees(struct sim *sim, struct stream *stream, const struct notice *notice)
{
    struct reader *reader = stream->reader;
    struct view *view = &stream->view;
    if (notice->kind == NOTICE_GAP) {
        trace(reader, 0, "reader %zu sees a gap %s: %s to %s", reader->number,
              gap_reason_name(notice->gap.reason), id_text(notice->gap.after).text,
              id_text(notice->gap.until).text);
        for (size_t i = 0; i < view->count; i++)
            if (notice->gap.names[i / 8] & 1 << i % 8)
                trace(reader, 0, "    on %s", view->names[i]);
        count(sim, SIM_TRIMMED + (enum sim_figure)notice->gap.reason);
        must(stream, view_gap(view, &notice->gap));
    } else if (notice->kind == NOTICE_POSITION) {
        trace(reader, 0, "reader %zu sees the position %s", reader->number,
              id_text(notice->id).text);
        must(stream, view_position(view, notice->id));
    }
}

static void sees_event(struct sim *sim, struct stream *stream, const struct event *event)
{
    const struct model_event *published = model_find(&sim->model, event->id);
    const char *channel = published ? sim->model.channels[published->channel].name : "nothing";
    bool envelope = event->kind == ENTRY_TWIN;
    trace(stream->reader, 0, "reader %zu sees %s on %s", stream->reader->number,
          id_text(event->id).text, channel);
    count(sim, envelope ? SIM_ENVELOPES : SIM_DELIVERIES);
    must(stream, view_event(&stream->view, event->id));
    must(stream, envelope != stream->envelopes ? "an event in the wrong dress" : NULL);
    if (envelope)
        must(stream, text_judge(published->text, channel, event->id, event));
}

/* ---- its socket ---- */

static bool takes(struct stream *stream, unsigned halves)
{
    if (stream->speed == FAST)
        return true;
    stream->blocked = stream->room < halves;
    stream->room = stream->blocked ? 0 : stream->room - halves;
    return !stream->blocked;
}

/* As connection_write: what was begun, the buffer, the events. How many events are on their way. */
static size_t write_out(struct sim *sim, struct stream *stream, struct event **events, size_t count)
{
    size_t sent = 0;
    if (stream->partial) {
        if (!takes(stream, 1))
            return 0;
        sees_event(sim, stream, stream->partial);
        event_unref(stream->partial);
        stream->partial = NULL;
    }
    while (sent < stream->out_count && takes(stream, 2))
        sees(sim, stream, &stream->out[sent++]);
    stream->out_count -= sent;
    memmove(stream->out, stream->out + sent, stream->out_count * sizeof *stream->out);
    if (stream->blocked)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (stream->speed != FAST && stream->room == 1) {
            stream->room = 0;
            stream->blocked = true;
            stream->partial = event_ref(events[i]);
            return i + 1;
        }
        if (!takes(stream, 2))
            return i;
        sees_event(sim, stream, events[i]);
    }
    return count;
}

/* ---- its work ---- */

static void say(struct stream *stream, struct notice notice)
{
    MUST(stream->out_count < SIM_NOTICES);
    stream->out[stream->out_count++] = notice;
}

static void say_gap(struct stream *stream)
{
    say(stream, (struct notice){NOTICE_GAP, 0, *subscription_gap(&stream->subscription)});
    subscription_told(&stream->subscription);
}

static void ask(struct sim *sim, struct stream *stream)
{
    struct request *request = request_new(REQUEST_READ, stream->worker->number, SPAN(""));
    request->context = stream;
    request->selection = selection_ref(stream->subscription.catch_up->selection);
    request->after = stream->subscription.cursor;
    stream->asked = request;
    count(sim, SIM_ASKS);
    trace(stream->reader, 0, "asks for what lies after %s", id_text(request->after).text);
    post(sim, request);
}

/* What comes from a window that knows of a deletion is not of that channel, nor is what the log
 * reads after it (view_piece): only what was read before may still be in hand. */
static void judge_source(struct sim *sim, struct stream *stream, struct event **events, size_t n)
{
    for (size_t i = 0;
         i < n && !(stream->subscription.catch_up && stream->subscription.catch_up->piece); i++) {
        const struct model_event *published = model_find(&sim->model, events[i]->id);
        if (published && published->deleted && published->deleted <= stream->worker->windows.head)
            must(stream, "a window holds a deleted event");
    }
}

/* A reference to the event's envelope, which is made once where there is room for it; NULL where
 * others have taken twice the room. */
static struct event *dress(struct sim *sim, struct event *event)
{
    struct event *before = atomic_load(&event->twin);
    uint64_t bytes = atomic_load(&sim->twins.bytes);
    struct event *envelope = envelope_of(event, &sim->twins), *after = atomic_load(&event->twin);
    if (!envelope) {
        MUST(!before && bytes > 2 * sim->twins.max);
        return NULL;
    }
    bool room = bytes + event_size(envelope) <= sim->twins.max;
    MUST(before ? envelope == before : room ? envelope == after : !after);
    MUST(atomic_load(&sim->twins.bytes) == bytes + (before ? 0 : event_size(envelope)));
    return envelope;
}

static size_t write_events(struct sim *sim, struct stream *stream, struct event **events, size_t n)
{
    struct event *envelopes[64];
    judge_source(sim, stream, events, n);
    if (!stream->envelopes)
        return write_out(sim, stream, events, n);
    size_t made = 0;
    while (made < n && (envelopes[made] = dress(sim, events[made])))
        made++;
    size_t written = write_out(sim, stream, envelopes, made);
    for (size_t i = 0; i < made; i++)
        event_unref(envelopes[i]);
    return written;
}

static bool write_some(struct sim *sim, struct stream *stream)
{
    struct subscription *subscription = &stream->subscription;
    struct event *events[64];
    size_t n, max = 1 + below(sim, 6), max_bytes = ONE_OF(sim, 1, 300, 65536);
    enum next next;
    while ((next = subscription_next(subscription, events, max, max_bytes, &n)) == NEXT_GAP)
        say_gap(stream);
    if (next == NEXT_ASK)
        ask(sim, stream);
    size_t written = write_events(sim, stream, events, n);
    subscription_wrote(subscription, events, written);
    bool all = next == NEXT_ALL && written == n;
    if (all)
        MUST(subscription_next(subscription, events, max, max_bytes, &n) == NEXT_NOTHING);
    if (stream->blocked)
        subscription_pause(subscription);
    return (next == NEXT_EVENTS || next == NEXT_ALL) && !all && !stream->blocked;
}

void flush(struct sim *sim, struct stream *stream)
{
    if (!stream->open || stream->blocked || stream->ended)
        return;
    stream->ready = write_some(sim, stream) && write_some(sim, stream);
    if (stream->dismissed)
        end_stream(sim, stream);
}

void stream_answered(struct sim *sim, struct stream *stream, struct request *request)
{
    struct subscription *subscription = &stream->subscription;
    MUST(stream->asked == request);
    stream->asked = NULL;
    if (request->error) {
        MUST(!stream->open);
        end_stream(sim, stream);
        return;
    }
    must(stream, view_take(&stream->view, request->piece, !stream->open));
    MUST(subscription_take(subscription, request->piece));
    request->piece = NULL;
    if (!stream->open) {
        const struct gap *gap = subscription_gap(subscription);
        stream->open = true;
        if (gap && gap->reason == GAP_UNKNOWN)
            say_gap(stream);
        say(stream, (struct notice){.kind = NOTICE_POSITION, .id = subscription->cursor});
    }
    if (stream->blocked)
        subscription_pause(subscription);
    flush(sim, stream);
}

void stream_dismissed(struct stream *stream)
{
    trace(stream->reader, 0, "reader %zu is sent away%s", stream->reader->number,
          stream->open ? "" : ", but not open");
    stream->dismissed = stream->ready = stream->open; /* else it opens behind that */
    if (stream->dismissed && stream->blocked)
        end_stream(stream->sim, stream); /* it takes nothing, not even its end */
}

void keepalive(struct sim *sim, struct stream *stream)
{
    uint64_t id;
    flush(sim, stream);
    if (!stream->open || stream->blocked || stream->ended)
        return;
    say(stream, (struct notice){.kind = NOTICE_COMMENT});
    if (subscription_moved(&stream->subscription, &stream->worker->windows, &id))
        say(stream, (struct notice){.kind = NOTICE_POSITION, .id = id});
    write_out(sim, stream, NULL, 0);
}

void drain(struct sim *sim, struct stream *stream)
{
    if (stream->speed == STUCK)
        return;
    stream->room += 1 + (unsigned)below(sim, 9);
    if (stream->blocked) {
        stream->blocked = false;
        flush(sim, stream);
    }
}

/* ---- its end ---- */

void end_stream(struct sim *sim, struct stream *stream)
{
    struct reader *reader = stream->reader;
    if (stream->view.opened) {
        reader->knows = true;
        reader->position = stream->view.seen;
    }
    if (stream->asked)
        stream->asked->context = NULL;
    subscription_close(&stream->subscription, &stream->worker->windows);
    if (stream->partial)
        event_unref(stream->partial);
    reader->stream = NULL;
    stream->ended = true;
    stream->next_ended = sim->ended;
    sim->ended = stream;
    trace(reader, 0, "reader %zu has left at %s", reader->number, id_text(reader->position).text);
}

void free_ended(struct sim *sim)
{
    struct stream *stream;
    while ((stream = sim->ended)) {
        sim->ended = stream->next_ended;
        free(stream);
    }
}
