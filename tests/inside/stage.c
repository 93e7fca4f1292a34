/* The stage. */
#include "stage.h"

#include "answer.h"
#include "base/check.h"
#include "base/id.h"
#include "server/server.h"
#include "shortage.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

/* ---- readers ---- */

struct reader *stage_read(struct stage *stage, unsigned worker, const char *query,
                          const char *const *names)
{
    CHECK(stage->reader_count < STAGE_READERS_MAX);
    struct reader *reader = &stage->readers[stage->reader_count++];
    reader_init(reader, &stage->hub, worker, query, names);
    reader_open(reader);
    return reader;
}

/* All that have lost their streams come back, now that there is memory again. */
static void return_all(struct stage *stage)
{
    for (size_t i = 0; i < stage->reader_count; i++)
        reader_return(&stage->readers[i]);
    hub_settle(&stage->hub);
    for (size_t i = 0; i < stage->reader_count; i++)
        if (!reader_stands(&stage->readers[i]))
            fail("GET /events%s: does not stand again", stage->readers[i].query);
}

/* ---- the asker ---- */

void stage_ask(struct stage *stage, const char *request)
{
    if (!stage->asker) {
        stage->asker = client_new(&stage->hub, 0);
        stage->asked = 0;
        stage->heads = false;
        stage->post_count = 0;
    }
    stage->asked++;
    stage->heads |= strncmp(request, "HEAD ", 5) == 0;
    client_send(stage->asker, span_from(request));
}

static struct post *promise(struct stage *stage, const char *channel, const char *data)
{
    CHECK(stage->post_count < STAGE_POSTS_MAX);
    struct post *post = &stage->posts[stage->post_count++];
    *post = (struct post){.number = stage->asked - 1, .channel = channel};
    snprintf(post->data, sizeof post->data, "%s", data);
    return post;
}

static void post(struct stage *stage, const char *path, const char *type, const char *body)
{
    char request[2048];
    int n = snprintf(request, sizeof request,
                     "POST %s HTTP/1.1\r\nHost: hub\r\n%sContent-Length: %zu\r\n\r\n%s", path, type,
                     strlen(body), body);
    CHECK(n > 0 && (size_t)n < sizeof request);
    stage_ask(stage, request);
}

void stage_post(struct stage *stage, const char *path, const char *channel)
{
    char data[64];
    snprintf(data, sizeof data, "text %u", ++stage->serial);
    post(stage, path, "", data);
    promise(stage, channel, data);
}

void stage_post_json(struct stage *stage, const char *path, const char *channel)
{
    char body[96], data[64];
    unsigned serial = ++stage->serial;
    snprintf(body, sizeof body, "{\"n\":%u.0,\"_event\":\"\\u0074ick\",\"x\":[{}]}", serial);
    snprintf(data, sizeof data, "{\"n\":%u.0,\"x\":[{}]}", serial);
    post(stage, path, "Content-Type: application/json\r\n", body);
    promise(stage, channel, data);
}

void stage_post_keyed(struct stage *stage, const char *path, const char *channel, unsigned times)
{
    char data[64], header[64];
    unsigned serial = ++stage->serial;
    snprintf(data, sizeof data, "keyed %u", serial);
    snprintf(header, sizeof header, "Idempotency-Key: key-%u\r\n", serial);
    while (times--) {
        post(stage, path, header, data);
        promise(stage, channel, data)->retried = true;
    }
}

void stage_post_lines(struct stage *stage, const char *path, const char *channel, unsigned lines,
                      bool keyed)
{
    char body[1536] = "", data[64], key[64] = "";
    size_t n = 0;
    unsigned first = stage->serial + 1;
    for (unsigned i = 0; i < lines; i++) {
        unsigned serial = ++stage->serial;
        if (keyed)
            snprintf(key, sizeof key, ",\"idempotency_key\":\"%u\"", serial);
        n += (size_t)snprintf(body + n, sizeof body - n,
                              i % 2 ? "{\"data\":[%u.0]%s}\n" : "{\"data\":\"line %u\"%s}\n",
                              serial, key);
        CHECK(n < sizeof body);
    }
    post(stage, path, "Content-Type: application/x-ndjson\r\n", body);
    for (unsigned i = 0; i < lines; i++) {
        snprintf(data, sizeof data, i % 2 ? "[%u.0]" : "line %u", first + i);
        promise(stage, channel, data)->batch = true;
    }
}

/* Whether the journal has what was posted, once; the entry. */
static const struct journal_entry *kept(const struct post *asked)
{
    const struct journal_entry *found = NULL;
    for (size_t i = 0; i < journal_count(); i++) {
        const struct journal_entry *entry = journal_at(i);
        if (strcmp(entry->data, asked->data) != 0)
            continue;
        if (found)
            fail("%s was published twice", asked->data);
        if (strcmp(entry->channel, asked->channel) != 0)
            fail("%s is on %s", asked->data, entry->channel);
        found = entry;
    }
    return found;
}

static void check_post(const struct post *asked, const struct answer *answer)
{
    const struct journal_entry *entry = kept(asked);
    if (answer && answer->status >= 400 && entry && !asked->retried)
        fail("%s was refused and published", asked->data);
    if (!answer || answer->status != 200)
        return;
    if (!entry ||
        (!asked->batch && strcmp(id_text(entry->id).text, answer_member(answer, "id")) != 0))
        fail("%s was answered and not published", asked->data);
}

static void check_posts(const struct stage *stage, unsigned number, const struct answer *answer)
{
    unsigned some = 0, all = 0;
    for (size_t i = 0; i < stage->post_count; i++) {
        const struct post *asked = &stage->posts[i];
        if (asked->number != number)
            continue;
        check_post(asked, answer);
        all++;
        some += kept(asked) != NULL;
    }
    if (some && some < all)
        fail("%u of a batch of %u were published", some, all);
}

static bool is_allowed(int status, int wanted)
{
    return status == wanted || (shortage_failed() && (status == 503 || status == 413));
}

void stage_expect(struct stage *stage, const char *statuses)
{
    struct client *asker = stage->asker;
    const char *why = NULL;
    hub_settle(&stage->hub);
    struct span bytes = buf_span(&asker->from);
    unsigned number = 0;
    for (char *next; *statuses; statuses = next, number++) {
        struct answer answer;
        int wanted = (int)strtol(statuses, &next, 10);
        bool got = answer_next(&bytes, asker->ended, stage->heads, &answer, &why) && answer.whole;
        if (why)
            fail("answer %u: %s", number, why);
        if (got && !is_allowed(answer.status, wanted))
            fail("answer %u: %d, not %d", number, answer.status, wanted);
        if (!got && !(shortage_failed() && asker->ended))
            fail("answer %u never came", number);
        check_posts(stage, number, got ? &answer : NULL);
        answer_free(&answer);
    }
    if (bytes.n)
        fail("more answers than questions");
    client_free(asker);
    stage->asker = NULL;
}

void stage_fill(struct stage *stage, const char *channel, unsigned n)
{
    char path[80], statuses[4 * 20 + 1];
    snprintf(path, sizeof path, "/publish/%s", channel);
    while (n) {
        unsigned some = n < 20 ? n : 20;
        for (unsigned i = 0; i < some; i++) {
            stage_post(stage, path, channel);
            snprintf(statuses + 4 * (size_t)i, 5, "200 ");
        }
        statuses[4 * some - 1] = '\0';
        stage_expect(stage, statuses);
        n -= some;
    }
}

/* ---- playing ---- */

static void open_stage(struct stage *stage, const struct scene *scene)
{
    struct settings settings;
    *stage = (struct stage){0};
    hub_settings(&settings);
    if (scene->set)
        scene->set(&settings);
    hub_open(&stage->hub, &settings, 2);
    hub_pass(&stage->hub, 10); /* so that there is a time before all events and after its birth */
    stage_read(stage, 0, "/news", NAMES("news"));
    stage_read(stage, 1, "?channel=a*&channel=broadcast&client_id=me",
               NAMES("a*", "broadcast", "@me"));
    stage_fill(stage, "news", 3);
    if (scene->before)
        scene->before(stage);
    hub_settle(&stage->hub);
}

/* Everything works as if nothing had been. */
static void go_on(struct stage *stage)
{
    if (stage->asker) {
        client_free(stage->asker);
        stage->asker = NULL;
    }
    return_all(stage);
    stage_read(stage, 0, "/fresh", NAMES("fresh"));
    hub_settle(&stage->hub);
    stage_post(stage, "/publish/news", "news");
    stage_post(stage, "/publish", "broadcast");
    stage_post_json(stage, "/publish/a1", "a1");
    stage_post(stage, "/publish/fresh", "fresh");
    stage_post(stage, "/clients/me", "@me");
    stage_expect(stage, "200 200 200 200 200");
    if (!reader_stands(&stage->readers[stage->reader_count - 1]))
        fail("a fresh reader does not stand");
}

static void close_stage(struct stage *stage, const struct scene *scene)
{
    size_t gaps = 0;
    for (size_t i = 0; i < stage->reader_count; i++) {
        reader_finish(&stage->readers[i]);
        gaps += sight_gaps(&stage->readers[i].sight);
        reader_fini(&stage->readers[i]);
    }
    if (!shortage_failed() && gaps != scene->gaps)
        fail("%zu gaps were told, not %u", gaps, scene->gaps);
    hub_settle(&stage->hub);
    if (hub_connections(&stage->hub) || server_sum(NULL, METRIC_CONNECTIONS) ||
        server_sum(NULL, METRIC_SUBSCRIBERS))
        fail("connections are left when all clients are gone");
    hub_close(&stage->hub);
    journal_clear();
}

uint64_t stage_play(const struct scene *scene, uint64_t first, uint64_t length)
{
    static struct stage stage;
    int64_t before = shortage_in_use();
    open_stage(&stage, scene);
    shortage_begin(first, length);
    scene->play(&stage);
    hub_settle(&stage.hub);
    shortage_end();
    hub_settle(&stage.hub);
    if (!stage.stopped)
        go_on(&stage);
    close_stage(&stage, scene);
    if (shortage_in_use() != before)
        fail("%lld pieces of memory are left", (long long)(shortage_in_use() - before));
    return shortage_asked();
}
