/* The subscriber. */
#include "reader.h"

#include "answer.h"
#include "base/check.h"
#include "base/id.h"

#include <stdio.h>
#include <stdlib.h>

void reader_init(struct reader *reader, struct hub *hub, unsigned worker, const char *query,
                 const char *const *names)
{
    *reader = (struct reader){.hub = hub, .worker = worker, .query = query};
    sight_init(&reader->sight, names);
    reader->sight.form = strstr(query, "envelope=1") ? SIGHT_ENVELOPE : SIGHT_PLAIN;
}

void reader_fini(struct reader *reader)
{
    if (reader->client)
        client_free(reader->client);
    sight_fini(&reader->sight);
}

__attribute__((noreturn)) static void fail(const struct reader *reader, const char *why)
{
    fprintf(stderr, "GET /events%s: %s\n", reader->query, why);
    abort();
}

void reader_open(struct reader *reader)
{
    struct buf request;
    CHECK(!reader->client);
    buf_init(&request, 4096);
    reader->client = client_new(reader->hub, reader->worker);
    CHECK(buf_printf(&request, "GET /events%s HTTP/1.1\r\nHost: hub\r\n", reader->query) == OK);
    if (reader->sight.stands)
        CHECK(buf_printf(&request, "Last-Event-ID: %s\r\n", id_text(reader->sight.position).text) ==
              OK);
    CHECK(buf_append(&request, "\r\n", 2) == OK);
    client_send(reader->client, buf_span(&request));
    buf_fini(&request);
}

bool reader_stands(const struct reader *reader)
{
    struct answer answer;
    const char *why;
    if (!reader->client || reader->client->ended)
        return false;
    struct span bytes = buf_span(&reader->client->from);
    bool got = answer_next(&bytes, false, false, &answer, &why);
    bool stands = got && answer.stream && !answer.whole;
    answer_free(&answer);
    return stands;
}

void reader_leave(struct reader *reader)
{
    struct client *client = reader->client;
    struct answer answer;
    const char *why;
    if (!client)
        return;
    struct span bytes = buf_span(&client->from);
    bool got = answer_next(&bytes, client->ended, false, &answer, &why);
    reader->status = got ? answer.status : 0;
    if (why)
        fail(reader, why);
    if (bytes.n)
        fail(reader, "more than one answer");
    if (got && answer.stream) {
        reader->opened++;
        sight_read(&reader->sight, buf_span(&answer.body));
        if (reader->sight.why)
            fail(reader, reader->sight.why);
    } else if (got) {
        reader->refused++;
    }
    answer_free(&answer);
    client_free(client);
    reader->client = NULL;
}

bool reader_return(struct reader *reader)
{
    if (reader_stands(reader))
        return false;
    reader_leave(reader);
    reader_open(reader);
    return true;
}

void reader_finish(struct reader *reader)
{
    reader_leave(reader);
    const struct journal_entry *owed = sight_owed(&reader->sight, UINT64_MAX);
    if (!owed)
        return;
    fprintf(stderr, "%s on %s: ", id_text(owed->id).text, owed->channel);
    fail(reader, "never came, and no gap was told");
}
