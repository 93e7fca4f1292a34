/* Reading problem answers. */
#include "client/problem.h"

#include "client/media.h"

#include <jansson.h>

static void read_json(struct span body, struct buf *out)
{
    json_t *problem = json_loadb(body.p, body.n, 0, NULL);
    const char *text = json_string_value(json_object_get(problem, "detail"));
    if (!text)
        text = json_string_value(json_object_get(problem, "title"));
    if (text)
        (void)buf_append(out, text, strlen(text)); /* all or nothing */
    json_decref(problem);
}

static void read_text(struct span body, struct buf *out)
{
    struct span line = span_cut(&body, '\n');
    if (!memchr(line.p, '\0', line.n))
        (void)buf_append(out, line.p, line.n); /* all or nothing */
}

void problem_read(const char *content_type, struct span body, struct buf *out)
{
    if (media_is(content_type, SPAN("application/problem+json")) ||
        media_is(content_type, SPAN("application/json")))
        read_json(body, out);
    else if (media_is(content_type, SPAN("text/plain")) && body.n)
        read_text(body, out);
}
