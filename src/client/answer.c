/* Answers. Only what a hub says in its own words is taken for published: a 200 may come from
 * anything that stands at an address. */
#include "client/answer.h"

#include "base/units.h"
#include "client/media.h"
#include "client/problem.h"

#include <jansson.h>
#include <stdio.h>

static bool is_published(struct answer *answer, const char *content_type, struct span body,
                         uint32_t count)
{
    if (!media_is(content_type, SPAN("application/json")))
        return false;
    json_t *said = json_loadb(body.p, body.n, 0, NULL);
    const char *status = json_string_value(json_object_get(said, "status"));
    const char *id = json_string_value(json_object_get(said, "last_id"));
    json_t *counted = json_object_get(said, "count");
    if (!id)
        id = json_string_value(json_object_get(said, "id"));
    bool published = status && id && strcmp(status, "published") == 0 &&
                     (counted ? json_integer_value(counted) == count : count == 1);
    if (published)
        snprintf(answer->id, sizeof answer->id, "%s", id);
    json_decref(said);
    return published;
}

/* `line 17: why` becomes the number and what stands behind it. */
static struct span cut_line(struct span detail, uint64_t *line)
{
    struct span rest = detail;
    if (!span_starts(detail, SPAN("line ")))
        return detail;
    rest.p += 5, rest.n -= 5;
    struct span number = span_cut(&rest, ':');
    if (!number_parse(number, UINT32_MAX, line))
        return detail;
    while (rest.n && *rest.p == ' ')
        rest.p++, rest.n--;
    return rest;
}

static enum answer_verdict judge(long status, uint64_t line, struct span detail)
{
    switch (status) {
    case 408:
    case 425:
    case 429:
        return ANSWER_AGAIN;
    case 503:
        return span_equal(detail, span_from(error_text(ERROR_KEYS_MANY))) ? ANSWER_KEYS_MANY
                                                                          : ANSWER_AGAIN;
    case 413:
        return line ? ANSWER_REFUSED : ANSWER_TOO_LARGE;
    default:
        return status >= 500 ? ANSWER_UNSURE : ANSWER_REFUSED;
    }
}

void answer_read(struct answer *answer, struct span server, long status, const char *content_type,
                 struct span body, uint32_t count)
{
    struct buf detail;
    *answer = (struct answer){.verdict = ANSWER_PUBLISHED};
    if (status == 200 && is_published(answer, content_type, body, count))
        return;
    if (status >= 200 && status < 300) {
        answer->verdict = ANSWER_REFUSED;
        snprintf(answer->why, sizeof answer->why,
                 "%.*s answers %ld, but not as a hub does; is its URL right?", (int)server.n,
                 server.p, status);
        return;
    }
    buf_init(&detail, sizeof answer->why / 2);
    problem_read(content_type, body, &detail);
    struct span said = cut_line(buf_span(&detail), &answer->line);
    answer->verdict = judge(status, answer->line, said);
    snprintf(answer->why, sizeof answer->why, "%.*s answers %ld%s%.*s", (int)server.n, server.p,
             status, said.n ? ": " : "", (int)said.n, said.p);
    buf_fini(&detail);
}
