/* The scenes: what is done with a hub, each in a few requests. */
#include "base/check.h"
#include "base/id.h"
#include "shortage.h"
#include "stage.h"

#include <stdio.h>

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: hub\r\n\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: hub\r\n"

/* ---- publishing ---- */

static void publish_text(struct stage *stage)
{
    stage_post(stage, "/publish/news", "news");
    stage_post(stage, "/publish?event=greeting", "broadcast");
    stage_post(stage, "/publish?channel=a%31", "a1");
    stage_expect(stage, "200 200 200");
}

static void publish_json(struct stage *stage)
{
    stage_post_json(stage, "/publish/news", "news");
    stage_post_json(stage, "/publish/new", "new");
    stage_expect(stage, "200 200");
}

static void publish_to_client(struct stage *stage)
{
    stage_post(stage, "/clients/me", "@me");
    stage_post_json(stage, "/clients/nobody", "@nobody");
    stage_expect(stage, "200 200");
}

static void publish_in_chunks(struct stage *stage)
{
    stage_ask(stage, POST("/publish/news") "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    hub_settle(&stage->hub);
    client_send(stage->asker, SPAN("6;x=y\r\n world\r\n0\r\nTrailer: 1\r\n\r\n"));
    stage_expect(stage, "200");
}

static void publish_keyed(struct stage *stage)
{
    stage_post_keyed(stage, "/publish/news", "news", 3);
    stage_post_keyed(stage, "/clients/me", "@me", 1);
    stage_expect(stage, "200 200 200 200");
}

static void publish_lines(struct stage *stage)
{
    stage_post_lines(stage, "/publish/news", "news", 20, false);
    stage_post_lines(stage, "/publish/a3?event=line", "a3", 3, true);
    stage_post_lines(stage, "/clients/me", "@me", 2, false);
    stage_expect(stage, "200 200 200");
    stage_ask(stage, POST("/publish") "Content-Type: application/x-ndjson\r\n"
                                      "Content-Length: 20\r\n\r\n{\"data\":1}\n{\"data\":2");
    stage_expect(stage, "400");
}

static void publish_much(struct stage *stage)
{
    stage_fill(stage, "news", 12);
}

static void pipeline(struct stage *stage)
{
    stage_ask(stage, GET("/health"));
    stage_post(stage, "/publish/news", "news");
    stage_ask(stage, GET("/nowhere"));
    stage_post_json(stage, "/publish/a2", "a2");
    stage_ask(stage, GET("/metrics"));
    stage_expect(stage, "200 200 404 200 200");
}

/* ---- subscribing ---- */

static void subscribe_to_one(struct stage *stage)
{
    stage_read(stage, 0, "/news", NAMES("news"));
    hub_settle(&stage->hub);
    stage_fill(stage, "news", 2);
    stage_fill(stage, "other", 1);
}

static void subscribe_to_several(struct stage *stage)
{
    stage_read(stage, 0, "/news?channel=a1&channel=b%32&channel=c*&client_id=you",
               NAMES("news", "a1", "b2", "c*", "@you"));
    hub_settle(&stage->hub);
    stage_post(stage, "/publish/b2", "b2");
    stage_post(stage, "/publish/c3", "c3");
    stage_post(stage, "/clients/you", "@you");
    stage_post(stage, "/publish/news", "news");
    stage_expect(stage, "200 200 200 200");
}

static void subscribe_to_prefix(struct stage *stage)
{
    stage_read(stage, 1, "/b*?from=earliest", NAMES("b*"));
    stage_read(stage, 0, "/*", NAMES("*"));
    hub_settle(&stage->hub);
    stage_fill(stage, "b1", 1);
    stage_fill(stage, "b2", 1);
}

static void subscribe_in_1_0(struct stage *stage)
{
    struct client *old = client_new(&stage->hub, 0);
    client_send(old, SPAN("GET /events/news HTTP/1.0\r\n\r\n"));
    hub_settle(&stage->hub);
    stage_fill(stage, "news", 2);
    client_finish(old);
    hub_settle(&stage->hub);
    CHECK(old->ended);
    client_free(old);
}

static void subscribe_to_envelopes(struct stage *stage)
{
    stage_read(stage, 0, "/news?envelope=1&open=1&from=earliest", NAMES("news"));
    stage_read(stage, 1, "/news?envelope=1", NAMES("news"));
    hub_settle(&stage->hub);
    stage_post_json(stage, "/publish/news", "news");
    stage_post(stage, "/publish/news", "news");
    stage_expect(stage, "200 200");
}

/* ---- replaying ---- */

static void fill_history(struct stage *stage)
{
    stage_fill(stage, "news", 200);
    stage_fill(stage, "a7", 20);
}

static void replay(struct stage *stage)
{
    stage_read(stage, 0, "/news?from=earliest", NAMES("news"));
    stage_read(stage, 0, "/news?from=-5&channel=a*", NAMES("news", "a*"));
    stage_read(stage, 1, "/a7?from=1800000000005", NAMES("a7"));
    hub_settle(&stage->hub);
    stage_fill(stage, "news", 1);
}

static void keep_little(struct settings *settings)
{
    settings->history = 10;
}

static void forget_history(struct stage *stage)
{
    stage_fill(stage, "news", 30);
}

static void tell_gaps(struct stage *stage)
{
    static const char *const names[] = {"news", "a1", "a*", NULL};
    struct reader *back = &stage->readers[stage->reader_count++];
    reader_init(back, &stage->hub, 0, "/news?channel=a1&channel=a*", names);
    back->sight.stands = true; /* it comes with a position */
    back->sight.position = journal_at(2)->id;
    reader_open(back);
    stage_read(stage, 0, "/news?last_event_id=nonsense", NAMES("news"));
    hub_settle(&stage->hub);
    stage_fill(stage, "news", 1);
}

static void set_limits(struct stage *stage, uint64_t news, uint64_t a)
{
    const struct rule rules[] = {{SPAN("news"), news, RULE_HUBS, RULE_HUBS},
                                 {SPAN("a*"), a, RULE_HUBS, 60000}};
    struct tail_limits limits = {.history = 100,
                                 .history_bytes = 1 << 20,
                                 .ttl_ms = 300000,
                                 .memory = 1 << 20,
                                 .channels = 1000};
    shortage_inside(true);
    limits.rules = rules_new(rules, sizeof rules / sizeof *rules);
    if (limits.rules && !engine_set_limits(stage->hub.engine, limits))
        rules_free(limits.rules);
    shortage_inside(false);
}

/* A reader comes back to where little is left, and stays while it becomes more. */
static void change_limits(struct stage *stage)
{
    set_limits(stage, 10, 5);
    stage_fill(stage, "news", 1);
    set_limits(stage, 5, 5);
    hub_pass(&stage->hub, 10);
    struct reader *back = &stage->readers[stage->reader_count++];
    reader_init(back, &stage->hub, 0, "/news?channel=a*", NAMES("news", "a*"));
    back->sight.stands = true;
    back->sight.position = journal_at(2)->id;
    reader_open(back);
    stage_read(stage, 1, "/a7?from=earliest", NAMES("a7"));
    hub_settle(&stage->hub);
    set_limits(stage, 100, 100);
    stage_fill(stage, "a7", 8);
    hub_pass(&stage->hub, 61000);
    stage_fill(stage, "news", 1);
}

/* A reader that takes nothing for a while falls behind what is kept. */
static void be_deaf(struct stage *stage)
{
    struct reader *slow = stage_read(stage, 0, "/news", NAMES("news"));
    hub_settle(&stage->hub);
    slow->client->deaf = true;
    stage_fill(stage, "news", 40);
}

static void fall_behind(struct stage *stage)
{
    stage_fill(stage, "news", 8);
    stage->readers[stage->reader_count - 1].client->deaf = false;
    hub_settle(&stage->hub);
    stage_fill(stage, "news", 2);
}

/* ---- time ---- */

static void keep_alive(struct stage *stage)
{
    hub_pass(&stage->hub, 31000);
    stage_fill(stage, "b1", 1);
    hub_pass(&stage->hub, 31000);
    stage_fill(stage, "news", 1);
}

static void be_late(struct stage *stage)
{
    stage_ask(stage, "GET /health HT");
    hub_pass(&stage->hub, 11000);
    stage_expect(stage, "408");
    stage_ask(stage, POST("/publish/news") "Content-Length: 9\r\n\r\nhalf");
    hub_pass(&stage->hub, 31000);
    stage_expect(stage, "408");
}

static void expire(struct stage *stage)
{
    stage_fill(stage, "news", 5);
    hub_pass(&stage->hub, 301000);
    stage_read(stage, 0, "/news?from=earliest", NAMES("news"));
    hub_settle(&stage->hub);
    stage_fill(stage, "news", 1);
}

static void stop(struct stage *stage)
{
    stage_ask(stage, "GET /health HT");
    stage->stopped = true;
    hub_settle(&stage->hub);
    hub_stop(&stage->hub);
    hub_pass(&stage->hub, stage->hub.settings.stop_timeout + 1000);
    CHECK(hub_connections(&stage->hub) == 0);
    stage_expect(stage, "503");
}

/* ---- answers that are no events ---- */

static void look(struct stage *stage)
{
    stage_ask(stage, GET("/health"));
    stage_ask(stage, GET("/metrics"));
    stage_ask(stage, GET("/"));
    stage_expect(stage, "200 200 200");
}

static void look_at_channels(struct stage *stage)
{
    stage_ask(stage, GET("/channels"));
    stage_ask(stage, GET("/channels?prefix=n&limit=1&after=a"));
    stage_ask(stage, GET("/channels/news"));
    stage_ask(stage, GET("/channels/none"));
    stage_ask(stage, GET("/channels/news/events?limit=2"));
    stage_ask(stage, GET("/channels/events?channel=news&after=0-1"));
    stage_expect(stage, "200 200 200 404 200 200");
}

static void ask_for_heads(struct stage *stage)
{
    stage_ask(stage, "HEAD /health HTTP/1.1\r\nHost: hub\r\n\r\n");
    stage_ask(stage, "HEAD /events/news HTTP/1.1\r\nHost: hub\r\n\r\n");
    stage_ask(stage, "OPTIONS /publish HTTP/1.1\r\nHost: hub\r\nOrigin: http://a\r\n"
                     "Access-Control-Request-Method: POST\r\n\r\n");
    stage_ask(stage, GET("/health"));
    stage_expect(stage, "200 200 204 200");
}

/* ---- taking away ---- */

static void forget_channel(struct stage *stage)
{
    stage_ask(stage, "DELETE /channels/news HTTP/1.1\r\nHost: hub\r\n\r\n");
    stage_ask(stage, "DELETE /channels?channel=none HTTP/1.1\r\nHost: hub\r\n\r\n");
    stage_expect(stage, "204 204");
    stage_fill(stage, "news", 1);
}

static void send_away(struct stage *stage)
{
    stage_read(stage, 1, "/news?client_id=gone", NAMES("news", "@gone"));
    hub_settle(&stage->hub);
    stage_ask(stage, "DELETE /clients/gone HTTP/1.1\r\nHost: hub\r\n\r\n");
    stage_expect(stage, "204");
}

static void err(struct stage *stage)
{
    static const struct {
        const char *request, *status;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", "400"},
        {"nonsense\r\n\r\n", "400"},
        {GET("/events/a/b"), "404"},
        {GET("/publish"), "405"},
        {POST("/publish") "\r\n", "411"},
        {POST("/publish") "Content-Length: 999999999\r\n\r\n", "413"},
        {POST("/publish") "Origin: http://evil\r\nContent-Length: 1\r\n\r\nx", "403"},
        {POST("/publish") "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "415"},
        {POST("/publish") "Content-Length: 1\r\n\r\n\xff", "400"},
        {POST("/publish") "Content-Type: application/json\r\nContent-Length: 1\r\n\r\n{", "400"},
        {POST("/publish") "Transfer-Encoding: chunked\r\n\r\nz\r\n", "400"},
        {POST("/publish?event=freshet.x") "Content-Length: 1\r\n\r\nx", "400"},
        {POST("/clients/a%20b") "Content-Length: 1\r\n\r\nx", "400"},
        {GET("/events/a?channel=%zz"), "400"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        stage_ask(stage, rows[i].request);
        stage_expect(stage, rows[i].status);
    }
}

static void ask_at_length(struct stage *stage)
{
    char line[4096];
    snprintf(line, sizeof line, "X: %4000d\r\n", 1);
    stage_ask(stage, "GET / HTTP/1.1\r\nHost: hub\r\n");
    for (int i = 0; i < 5; i++) {
        client_send(stage->asker, span_from(line));
        hub_settle(&stage->hub);
    }
    stage_expect(stage, "431");
}

const struct scene scenes[] = {
    {"publish text", .play = publish_text},
    {"publish JSON", .play = publish_json},
    {"publish to a client", .play = publish_to_client},
    {"publish in chunks", .play = publish_in_chunks},
    {"publish with a key", .play = publish_keyed},
    {"publish lines", .play = publish_lines},
    {"publish much", .play = publish_much},
    {"several requests at once", .play = pipeline},
    {"subscribe to one channel", .play = subscribe_to_one},
    {"subscribe to several", .play = subscribe_to_several},
    {"subscribe to a prefix", .play = subscribe_to_prefix},
    {"subscribe in HTTP/1.0", .play = subscribe_in_1_0},
    {"subscribe to envelopes", .play = subscribe_to_envelopes},
    {"replay", .before = fill_history, .play = replay},
    {"tell gaps", keep_little, forget_history, tell_gaps, .gaps = 2},
    {"change limits", .before = fill_history, .play = change_limits, .gaps = 1},
    {"fall behind", keep_little, be_deaf, fall_behind, .gaps = 1},
    {"keep alive", .play = keep_alive},
    {"be late", .play = be_late},
    {"expire", .play = expire},
    {"stop", .play = stop},
    {"look", .play = look},
    {"look at channels", .play = look_at_channels},
    {"ask for heads", .play = ask_for_heads},
    {"forget a channel", .play = forget_channel},
    {"send a client away", .play = send_away},
    {"err", .play = err},
    {"ask at length", .play = ask_at_length},
};

const size_t scene_count = sizeof scenes / sizeof scenes[0];
