/* client/url: what is a URL, whose host is here, parameters. */
#include "unit.h"

#include "client/url.h"

static void http_and_https_are_told_from_channels(void **state)
{
    (void)state;
    assert_true(url_is_http(SPAN("http://a")));
    assert_true(url_is_http(SPAN("HTTPS://a")));
    assert_false(url_is_http(SPAN("http:/a")));
    assert_false(url_is_http(SPAN("ftp://a")));
    assert_false(url_is_http(SPAN("httpx://a")));
    assert_false(url_is_http(SPAN("news")));
    assert_false(url_is_http(SPAN("")));
}

static void what_is_no_url_is_refused_in_words(void **state)
{
    (void)state;
    assert_null(url_check(SPAN("http://127.0.0.1:8080/events?channel=a#b")));
    assert_null(url_check(SPAN("https://me:secret@[::1]:1/")));
    assert_non_null(url_check(SPAN("http://")));
    assert_non_null(url_check(SPAN("http:///events")));
    assert_non_null(url_check(SPAN("http://:80")));
    assert_non_null(url_check(SPAN("http://a/b c")));
    assert_non_null(url_check(SPAN("http://a/\r\nX: y")));
    assert_null(url_check_hub(SPAN("http://127.0.0.1:8080/hub/")));
    assert_non_null(url_check_hub(SPAN("http://127.0.0.1:8080?a")));
    assert_non_null(url_check_hub(SPAN("http://127.0.0.1:8080#a")));
}

static void this_machine_is_known_by_name_and_number(void **state)
{
    (void)state;
    static const char *const here[] = {"http://localhost", "http://LocalHost:80/a",
                                       "http://127.0.0.1:8080", "https://me@127.9.9.9/",
                                       "http://[::1]:1/a?b"};
    static const char *const there[] = {"http://localhost.example", "http://example/127.0.0.1",
                                        "http://example?@localhost", "http://[::2]",
                                        "http://127.0.0.1@example/"};
    for (size_t i = 0; i < sizeof here / sizeof *here; i++)
        assert_true(url_is_loopback(span_from(here[i])));
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        assert_false(url_is_loopback(span_from(there[i])));
}

static void a_server_is_named_without_its_password(void **state)
{
    (void)state;
    assert_span(url_server(SPAN("http://me:secret@a:80/b?c#d")), "a:80");
    assert_span(url_server(SPAN("https://[::1]:1?me@b")), "[::1]:1");
}

static void a_path_stands_behind_the_hub_with_one_slash(void **state)
{
    (void)state;
    static const char *const hubs[] = {"http://a", "http://a/", "http://a//"};
    for (size_t i = 0; i < 3; i++) {
        struct buf url;
        buf_init(&url, 100);
        assert_ok(url_write(span_from(hubs[i]), SPAN("/events"), &url));
        assert_span(buf_span(&url), "http://a/events");
        buf_fini(&url);
    }
}

static void parameters_are_encoded_and_joined(void **state)
{
    (void)state;
    struct buf url;
    buf_init(&url, 200);
    assert_ok(url_write(SPAN("http://a"), SPAN("/events"), &url));
    assert_ok(url_add_parameter(&url, SPAN("channel"), SPAN("stocks:*")));
    assert_ok(url_add_parameter(&url, SPAN("channel"), SPAN("a b&c=d#%+/\xc3\xa9")));
    assert_ok(url_add_parameter(&url, SPAN("from"), SPAN("")));
    assert_span(buf_span(&url), "http://a/events?channel=stocks:*&channel="
                                "a%20b%26c%3Dd%23%25%2B%2F%C3%A9&from=");
    buf_fini(&url);
    assert_span(url_without_fragment(SPAN("http://a?b#c#d")), "http://a?b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_and_https_are_told_from_channels),
        cmocka_unit_test(what_is_no_url_is_refused_in_words),
        cmocka_unit_test(this_machine_is_known_by_name_and_number),
        cmocka_unit_test(a_server_is_named_without_its_password),
        cmocka_unit_test(a_path_stands_behind_the_hub_with_one_slash),
        cmocka_unit_test(parameters_are_encoded_and_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
