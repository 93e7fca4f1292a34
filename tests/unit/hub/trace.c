/* The last operations, in a ring. */
#include "trace.h"

#include "base/id.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TRACE = 1 << 15, SHOWN_OF_READER = 60, SHOWN_OF_LOG = 60 };

static struct {
    uint64_t step;
    const struct reader *reader; /* NULL: of the log */
    size_t channel;              /* of an event of the log */
    char text[112];
} trace_ring[TRACE];
static uint64_t trace_count;
static const struct stream *failing;

uint64_t trace_step;

void trace(const struct reader *reader, size_t channel, const char *format, ...)
{
    va_list arguments;
    size_t i = trace_count++ % TRACE;
    trace_ring[i].step = trace_step;
    trace_ring[i].reader = reader;
    trace_ring[i].channel = channel;
    va_start(arguments, format);
    vsnprintf(trace_ring[i].text, sizeof trace_ring[i].text, format, arguments);
    va_end(arguments);
}

/* What happened to the failing reader and on its channels, each at most so often. */
static bool is_shown(uint64_t n, int *of_reader, int *of_log)
{
    size_t i = n % TRACE;
    if (trace_ring[i].reader)
        return (!failing || trace_ring[i].reader == failing->reader) && (*of_reader)-- > 0;
    size_t channel = trace_ring[i].channel; /* perhaps one of an earlier hub */
    return (!failing || channel == SIZE_MAX ||
            (channel < failing->view.model->channel_count &&
             view_meets(&failing->view, channel))) &&
           (*of_log)-- > 0;
}

void trace_print(void)
{
    static bool shown[TRACE];
    int of_reader = SHOWN_OF_READER, of_log = SHOWN_OF_LOG;
    uint64_t first = trace_count > TRACE ? trace_count - TRACE : 0;
    for (uint64_t n = trace_count; n-- > first;)
        shown[n % TRACE] = is_shown(n, &of_reader, &of_log);
    for (uint64_t n = first; n < trace_count; n++)
        if (shown[n % TRACE])
            fprintf(stderr, "%8llu  %s\n", (unsigned long long)trace_ring[n % TRACE].step,
                    trace_ring[n % TRACE].text);
    if (failing) {
        fprintf(stderr, "reader %zu on worker %u:", failing->reader->number,
                failing->worker->number);
        for (size_t i = 0; i < failing->view.count; i++)
            fprintf(stderr, " %s", failing->view.names[i]);
        fprintf(stderr, ", %s, cursor %s, seen %s\n",
                subscription_state_name(failing->subscription.state),
                id_text(failing->subscription.cursor).text, id_text(failing->view.seen).text);
    }
    fprintf(stderr, "step %llu\n", (unsigned long long)trace_step);
    fflush(stderr);
}

void must(const struct stream *stream, const char *wrong)
{
    if (!wrong)
        return;
    failing = stream;
    fprintf(stderr, "FAILED: %s\n", wrong);
    trace_print();
    exit(1);
}
