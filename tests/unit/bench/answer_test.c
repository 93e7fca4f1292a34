/* HTTP answers in all framings, cut at every byte. */
#include "unit.h"

#include "bench/answer.h"

struct wanted {
    const char *name, *bytes;
    unsigned status;
    const char *body;
    bool whole, keeps;
    size_t beyond; /* bytes that belong to no answer */
};

static const struct wanted table[] = {
    {"a length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc", true, true, 0},
    {"no body", "HTTP/1.1 202 Accepted\r\ncontent-length:0\r\n\r\n", 202, "", true, true, 0},
    {"two answers", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP", 200, "a", true, true, 4},
    {"no content", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", 204, "", true, true, 0},
    {"chunks",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding:  Chunked "
     "\r\n\r\n3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n",
     200, "abc0123456789", true, true, 0},
    {"chunks with extensions and a trailer",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0;x\r\nX: y\r\n\r\n",
     200, "abc", true, true, 0},
    {"chunks and no end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", 200,
     "ab", false, true, 0},
    {"the connection's end", "HTTP/1.1 200 OK\r\nA: b\r\n\r\nabc", 200, "abc", false, false, 0},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nabc", 200, "abc", false, false, 0},
    {"HTTP/1.0 with a length", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", 200, "a", true,
     false, 0},
    {"HTTP/1.0 kept", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
     200, "a", true, true, 0},
    {"a close", "HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", 201, "a",
     true, false, 0},
    {"lines that end in LF", "HTTP/1.1 200 OK\nContent-Length: 1\n\na", 200, "a", true, true, 0},
    {"an interim answer before",
     "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno",
     503, "no", true, true, 0},
    {"a long header",
     "HTTP/1.1 200 OK\r\nSet-Cookie: "
     "0123456789012345678901234567890123456789012345678901234567890123456789\r\nContent-Length: "
     "1\r\n\r\na",
     200, "a", true, true, 0},
};

/* Feeds the bytes in two pieces. */
static void read_cut(const struct wanted *wanted, size_t cut)
{
    struct answer answer;
    struct span all = span_from(wanted->bytes),
                pieces[2] = {{all.p, cut}, {all.p + cut, all.n - cut}};
    char body[256];
    size_t size = 0, beyond = 0;
    answer_init(&answer);
    for (int i = 0; i < 2; i++) {
        while (pieces[i].n && !answer_is_over(&answer)) {
            struct span part;
            size_t used = answer_feed(&answer, pieces[i], &part);
            assert_in_range(used, 1, pieces[i].n);
            memcpy(body + size, part.p, part.n);
            size += part.n;
            pieces[i] = (struct span){pieces[i].p + used, pieces[i].n - used};
        }
        beyond += pieces[i].n;
    }
    assert_false(answer_is_broken(&answer));
    assert_true(answer_has_head(&answer));
    assert_int_equal(answer.status, wanted->status);
    assert_spans(((struct span){body, size}), span_from(wanted->body));
    assert_int_equal(answer_is_over(&answer), wanted->whole);
    assert_int_equal(answer.keeps, wanted->keeps);
    assert_int_equal(beyond, wanted->beyond);
}

static void answers_are_read_however_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (size_t cut = 0; cut <= strlen(table[i].bytes); cut++)
            read_cut(&table[i], cut);
}

static struct answer read_all(const char *bytes)
{
    struct answer answer;
    struct span rest = span_from(bytes), body;
    answer_init(&answer);
    while (rest.n && !answer_is_over(&answer)) {
        size_t used = answer_feed(&answer, rest, &body);
        rest = (struct span){rest.p + used, rest.n - used};
    }
    return answer;
}

static void what_is_no_answer_is_broken(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/2.0 200 OK\r\n",
        "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n",
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct answer answer = read_all(broken[i]);
        if (!answer_is_broken(&answer))
            fail_msg("%s", broken[i]);
    }
}

static void only_a_body_without_a_frame_ends_with_the_connection(void **state)
{
    (void)state;
    struct answer open = read_all("HTTP/1.1 200 OK\r\n\r\nabc");
    assert_true(answer_close(&open));
    struct answer sized = read_all("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc");
    assert_false(answer_close(&sized));
    struct answer head = read_all("HTTP/1.1 200 OK\r\n");
    assert_false(answer_close(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read_however_they_are_cut),
        cmocka_unit_test(what_is_no_answer_is_broken),
        cmocka_unit_test(only_a_body_without_a_frame_ends_with_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
