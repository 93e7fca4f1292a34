/* A handler that writes what a parser tells as text, in the form of rules.h; the context is a
 * struct buf. */
#ifndef FRESHET_TESTS_SSE_RENDER_H
#define FRESHET_TESTS_SSE_RENDER_H

#include "base/check.h"
#include "sse/parse.h"

#include <inttypes.h>

static inline void render_literal(struct buf *out, const char *text)
{
    CHECK(buf_append(out, text, strlen(text)) == OK);
}

static inline void render_value(struct buf *out, struct span value)
{
    for (size_t i = 0; i < value.n; i++)
        switch (value.p[i]) {
        case '\n':
            render_literal(out, "\\n");
            break;
        case '\0':
            render_literal(out, "\\0");
            break;
        case '\\':
            render_literal(out, "\\\\");
            break;
        default:
            CHECK(buf_append(out, value.p + i, 1) == OK);
        }
}

static inline void render_event(void *context, const struct sse_event *event)
{
    render_literal(context, "event ");
    render_value(context, event->type);
    render_literal(context, " id=");
    render_value(context, event->id);
    render_literal(context, " data=");
    render_value(context, event->data);
    render_literal(context, "\n");
}

static inline void render_position(void *context, struct span id)
{
    render_literal(context, "position ");
    render_value(context, id);
    render_literal(context, "\n");
}

static inline void render_retry(void *context, uint64_t ms)
{
    CHECK(buf_printf(context, "retry %" PRIu64 "\n", ms) == OK);
}

static inline void render_comment(void *context, struct span text)
{
    render_literal(context, "comment ");
    render_value(context, text);
    render_literal(context, "\n");
}

static const struct sse_handler render_handler = {render_event, render_position, render_retry,
                                                  render_comment};

#endif
