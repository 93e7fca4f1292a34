/* The whole server over descriptors in memory, played by a script (server_script.h), with two
 * readers that are always there. However it goes: every answer parses strictly, streams keep their
 * promises, nobody who did nothing wrong gets half an answer, all connections are gone when their
 * clients are, and no memory is left. */
#include "server_script.h"

#include "answer.h"
#include "base/check.h"
#include "base/id.h"
#include "hub.h"
#include "reader.h"
#include "seams.h"
#include "server/server.h"
#include "shortage.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUDGET = 1200000, READERS = 2 };

/* The last four bytes of HEAD and of DELETE. */
enum { WORD_HEAD = 0x48454144, WORD_DELETE = 0x4c455445 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct actor {
    struct client *client; /* NULL: not connected */
    uint32_t last;         /* four bytes that it sent */
    bool heads;            /* it may have sent a HEAD request */
    bool excused;          /* what it got may be cut off */
};

struct play {
    struct hub hub;
    struct actor actors[SCRIPT_CLIENTS];
    struct reader readers[READERS];
    size_t left; /* of the budget of bytes that are sent, so that a script ends soon */
    size_t price;
    bool stopped, slept;
    bool deletes; /* a reader may have been sent away */
};

#define MUST(condition, why) ((condition) ? (void)0 : fail(why))

__attribute__((noreturn)) static void fail(const char *why)
{
    fprintf(stderr, "server: %s\n", why);
    abort();
}

/* ---- what a client got ---- */

static void check_published(const struct answer *answer)
{
    uint64_t id;
    if (answer->status != 200 || strcmp(answer_member(answer, "status"), "published") != 0)
        return;
    const char *text = answer_member(answer, "id");
    if (!*text)
        text = answer_member(answer, "last_id");
    MUST(!*text || (id_parse(span_from(text), &id) == OK && journal_find(id)),
         "a publish was answered and is not in the log");
}

static void check_stream(const struct answer *answer)
{
    struct sight sight;
    sight_init(&sight, NULL);
    sight.form = SIGHT_EITHER;
    sight_read(&sight, buf_span(&answer->body));
    if (sight.why)
        fail(sight.why);
    sight_fini(&sight);
}

static void check_answers(const struct actor *actor)
{
    const struct client *client = actor->client;
    bool excused = actor->excused || client->reset || client->was_deaf || shortage_failed();
    struct span bytes = buf_span(&client->from);
    const char *why = NULL;
    bool last = false;
    while (bytes.n && !why) {
        struct answer answer;
        MUST(!last, "something follows the last answer");
        bool got = answer_next(&bytes, client->ended, actor->heads, &answer, &why);
        bool cut = answer.stream && (!client->ended || client->shut);
        MUST(why || excused || cut || answer.interim || (got && answer.whole), "half an answer");
        if (got && answer.stream)
            check_stream(&answer);
        else if (got)
            check_published(&answer);
        bool head_alone = actor->heads && answer.whole && answer.body.len == 0;
        last = answer.closes || (answer.stream && !head_alone);
        answer_free(&answer);
    }
    if (why)
        fail(why);
}

static void leave(struct actor *actor)
{
    if (!actor->client)
        return;
    check_answers(actor);
    client_free(actor->client);
    *actor = (struct actor){0};
}

/* ---- what the script says ---- */

static void send_bytes(struct play *play, struct actor *actor, struct span bytes)
{
    struct client *client = actor->client;
    size_t cost = bytes.n * play->price;
    if (!client || client->finished || client->reset || cost > play->left)
        return;
    play->left -= cost;
    client_send(client, bytes);
    for (size_t i = 0; i < bytes.n; i++) {
        actor->last = actor->last << 8 | (unsigned char)bytes.p[i];
        actor->heads |= actor->last == WORD_HEAD;
        play->deletes |= actor->last == WORD_DELETE;
    }
}

static void send_often(struct play *play, struct actor *actor, struct span text)
{
    static const size_t counts[] = {2, 10, 50, 100, 300, 1000, 4000, 16400, 65600, 1048576};
    size_t count = counts[script_digit(text, 0)];
    struct buf bytes;
    text = text.n > 2 ? (struct span){text.p + 2, text.n - 2} : SPAN("x");
    if (count * text.n > BUDGET)
        return;
    buf_init(&bytes, BUDGET);
    for (size_t i = 0; i < count; i++)
        CHECK(buf_append(&bytes, text.p, text.n) == OK);
    send_bytes(play, actor, buf_span(&bytes));
    buf_fini(&bytes);
}

/* Little pieces take many turns: what is sent in rough weather costs more, and much that was sent
 * before keeps it fair. */
static void set_weather(struct play *play, const struct script_line *line)
{
    static const size_t mosts[] = {0, 1, 2, 3, 7, 16, 64, 200, 1000, 5000};
    static const unsigned agains[] = {0, 2, 3, 4, 5, 7, 10, 20, 50, 100};
    size_t most = mosts[script_digit(line->text, 0)];
    if (most && most < 1000 && BUDGET - play->left > 16 << 10)
        most = 1000;
    size_t price = most && most < 500 ? 500 / most : 1;
    play->price = price > play->price ? price : play->price;
    seams_weather((struct weather){
        .seed = line->number, .most = most, .again = agains[script_digit(line->text, 2)]});
}

static struct actor *actor_of(struct play *play, const struct script_line *line)
{
    unsigned number = line->number % SCRIPT_CLIENTS;
    struct actor *actor = &play->actors[number];
    if (!actor->client && strchr(">+n*", line->verb) && !play->stopped)
        actor->client = client_new(&play->hub, number % play->hub.count);
    return actor;
}

/* A day once: it is long. */
static void pass(struct play *play, unsigned number)
{
    static const uint64_t times[] = {1,     100,   1000,  2100,   5000,
                                     11000, 31000, 61000, 610000, 90000000};
    if (number < 9 || !play->slept)
        hub_pass(&play->hub, times[number]);
    play->slept |= number == 9;
}

static void act(struct play *play, const struct script_line *line)
{
    struct actor *actor = actor_of(play, line);
    struct client *client = actor->client;
    switch (line->verb) {
    case '-':
        hub_settle(&play->hub);
        return;
    case 't':
        pass(play, line->number);
        return;
    case 'w':
        set_weather(play, line);
        return;
    case 'm':
        if (!shortage_asked())
            shortage_begin(line->number * 10 + script_digit(line->text, 0) + 1,
                           1 + script_digit(line->text, 2));
        return;
    case 's':
        if (!play->stopped)
            hub_stop(&play->hub);
        play->stopped = true;
        return;
    default:
        break;
    }
    if (!client)
        return;
    switch (line->verb) {
    case '>':
        send_bytes(play, actor, line->text);
        send_bytes(play, actor, SPAN("\r\n"));
        break;
    case '+':
        send_bytes(play, actor, line->text);
        break;
    case 'n':
        send_bytes(play, actor, SPAN("\n"));
        break;
    case '*':
        send_often(play, actor, line->text);
        break;
    case 'e':
        client_finish(client);
        break;
    case 'x':
        client_reset(client);
        break;
    case 'c':
        actor->excused = true; /* it has not waited */
        leave(actor);
        break;
    case 'd':
    case 'h':
        client->deaf = line->verb == 'd';
        break;
    default:
        break;
    }
}

/* ---- the play ---- */

static void open_play(struct play *play, struct span *script)
{
    struct settings settings;
    struct script_line first;
    struct span rest = *script;
    hub_settings(&settings);
    if (script_next(&rest, &first) && first.verb == 'o') {
        *script = rest;
        settings.history = first.number & 1 ? 4 : settings.history;
        settings.history_bytes = first.number & 2 ? 1000 : settings.history_bytes;
        settings.memory = first.number & 4 ? 4000 : settings.memory;
        settings.max_channels = first.number & 8 ? 6 : settings.max_channels;
    }
    *play = (struct play){.left = BUDGET, .price = 1};
    hub_open(&play->hub, &settings, 2);
    reader_init(&play->readers[0], &play->hub, 0, "/news", (const char *const[]){"news", NULL});
    reader_init(&play->readers[1], &play->hub, 1, "?channel=a*&channel=broadcast&client_id=me",
                (const char *const[]){"a*", "broadcast", "@me", NULL});
    for (size_t i = 0; i < READERS; i++)
        reader_open(&play->readers[i]);
    hub_settle(&play->hub);
}

/* Fair weather, and everybody reads on: now nothing is left to move. */
static void calm(struct play *play)
{
    shortage_end();
    seams_weather((struct weather){0});
    for (size_t i = 0; i < SCRIPT_CLIENTS; i++)
        if (play->actors[i].client)
            play->actors[i].client->deaf = false;
    hub_settle(&play->hub);
    if (play->stopped)
        hub_pass(&play->hub, play->hub.settings.stop_timeout + 1000);
    for (unsigned i = 0; i < play->hub.count; i++)
        MUST(play->hub.workers[i].in_hand == 0, "a publish is still in hand");
}

/* One who was sent away need not be let in again, and is owed nothing; nor is one who lost its
 * stream for want of memory when the hub had stopped, so that it could not come back. */
static bool is_gone(const struct play *play, const struct reader *reader)
{
    bool alone = play->stopped && shortage_failed();
    return (play->deletes || alone) && !reader_stands(reader);
}

static void come_back(const struct play *play, struct reader *reader)
{
    bool stays = !play->stopped && !shortage_failed();
    MUST(!stays || reader_stands(reader), "a reader who did nothing wrong was sent away");
    if (play->stopped || !reader_return(reader))
        return;
    hub_settle(reader->hub);
    MUST(reader_stands(reader), "a reader cannot come back");
}

static void check_readers(struct play *play)
{
    for (size_t i = 0; i < READERS; i++) {
        struct reader *reader = &play->readers[i];
        bool gone = is_gone(play, reader);
        if (!gone)
            come_back(play, reader);
        if (gone)
            reader_leave(reader);
        else
            reader_finish(reader);
        reader_fini(reader);
    }
}

static void close_play(struct play *play)
{
    calm(play);
    for (size_t i = 0; i < SCRIPT_CLIENTS; i++) {
        play->actors[i].excused |= play->stopped; /* the time to stop in may have been up */
        leave(&play->actors[i]);
    }
    hub_settle(&play->hub);
    MUST(hub_connections(&play->hub) <= READERS, "a connection is left when its client is gone");
    check_readers(play);
    hub_settle(&play->hub);
    MUST(hub_connections(&play->hub) == 0, "a connection is left when all clients are gone");
    MUST(server_sum(NULL, METRIC_CONNECTIONS) == 0, "connections are counted that are gone");
    MUST(server_sum(NULL, METRIC_SUBSCRIBERS) == 0, "streams are counted that are gone");
    hub_close(&play->hub);
    journal_clear();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct play play;
    struct span script = {(const char *)data, size};
    struct script_line line;
    int64_t before = shortage_in_use();
    shortage_begin(0, 0); /* nothing has failed */
    shortage_end();
    open_play(&play, &script);
    while (script_next(&script, &line))
        act(&play, &line);
    close_play(&play);
    MUST(shortage_in_use() == before, "memory is left");
    return 0;
}
