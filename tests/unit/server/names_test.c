/* Names: one table of what is allowed and what is not. */
#include "unit.h"

#include "server/names.h"

struct row {
    struct span text;
    enum error channel, or_prefix, client_id, type;
};

#define S(text) SPAN(text)

static const struct row rows[] = {
    /* text, as a channel, as a channel or prefix, as a client_id, as an event type */
    {S("demo"), OK, OK, OK, OK},
    {S("a/b c"), OK, OK, ERROR_CLIENT_ID, OK},
    {S("stocks:AAPL"), OK, OK, OK, OK},
    {S("user.1_x-y:z"), OK, OK, OK, OK},
    {S("gr\xc3\xbc\xc3\x9f"), OK, OK, ERROR_CLIENT_ID, OK},
    {S(""), ERROR_CHANNEL_NAME, ERROR_CHANNEL_NAME, ERROR_CLIENT_ID, ERROR_EVENT_TYPE},
    {S("@x"), ERROR_CHANNEL_NAME, ERROR_CHANNEL_NAME, OK, OK},
    {S("x@y"), OK, OK, OK, OK},
    {S("*"), ERROR_CHANNEL_NAME, OK, ERROR_CLIENT_ID, OK},
    {S("a*"), ERROR_CHANNEL_NAME, OK, ERROR_CLIENT_ID, OK},
    {S("a**"), ERROR_CHANNEL_NAME, ERROR_PREFIX_NAME, ERROR_CLIENT_ID, OK},
    {S("a*b"), ERROR_CHANNEL_NAME, ERROR_PREFIX_NAME, ERROR_CLIENT_ID, OK},
    {S("@*"), ERROR_CHANNEL_NAME, ERROR_PREFIX_NAME, ERROR_CLIENT_ID, OK},
    {S("a\nb"), ERROR_CHANNEL_NAME, ERROR_CHANNEL_NAME, ERROR_CLIENT_ID, ERROR_EVENT_TYPE},
    {S("a\rb"), ERROR_CHANNEL_NAME, ERROR_CHANNEL_NAME, ERROR_CLIENT_ID, ERROR_EVENT_TYPE},
    {S("a\0b"), ERROR_CHANNEL_NAME, ERROR_CHANNEL_NAME, ERROR_CLIENT_ID, ERROR_EVENT_TYPE},
    {S("a\x7f"), ERROR_CHANNEL_NAME, ERROR_CHANNEL_NAME, ERROR_CLIENT_ID, OK},
    {S("a\xc2\x85"), ERROR_CHANNEL_NAME, ERROR_CHANNEL_NAME, ERROR_CLIENT_ID, OK},
    {S("\xff"), ERROR_CHANNEL_NAME, ERROR_CHANNEL_NAME, ERROR_CLIENT_ID, ERROR_EVENT_TYPE},
    {S("\xc0\x80"), ERROR_CHANNEL_NAME, ERROR_CHANNEL_NAME, ERROR_CLIENT_ID, ERROR_EVENT_TYPE},
    {S("freshet.gap"), OK, OK, OK, ERROR_EVENT_TYPE},
    {S("freshet"), OK, OK, OK, OK},
};

static void each_name_is_judged_as_the_table_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        print_message("row %zu: %.*s\n", i, (int)row->text.n, row->text.p);
        assert_error(channel_check(row->text), row->channel);
        assert_error(channel_or_prefix_check(row->text), row->or_prefix);
        assert_error(client_id_check(row->text), row->client_id);
        assert_error(event_type_check(row->text), row->type);
    }
}

static void lengths_are_counted_in_bytes(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'x', sizeof text);
    assert_ok(channel_check((struct span){text, 255}));
    assert_error(channel_check((struct span){text, 256}), ERROR_CHANNEL_NAME);
    assert_ok(client_id_check((struct span){text, 128}));
    assert_error(client_id_check((struct span){text, 129}), ERROR_CLIENT_ID);
    assert_ok(event_type_check((struct span){text, 128}));
    assert_error(event_type_check((struct span){text, 129}), ERROR_EVENT_TYPE);
    text[255] = '*';
    assert_ok(channel_or_prefix_check((struct span){text, 256}));
}

static const struct {
    struct span key;
    enum error error;
} keys[] = {
    {S("k"), OK},
    {S("8e03978e-40d5-43e8-bc93-6894a57f9324"), OK},
    {S("!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~"), OK},
    {S(""), ERROR_KEY_SYNTAX},
    {S("a b"), ERROR_KEY_SYNTAX},
    {S("a\tb"), ERROR_KEY_SYNTAX},
    {S("a\0b"), ERROR_KEY_SYNTAX},
    {S("a\x7f"), ERROR_KEY_SYNTAX},
    {S("gr\xc3\xbc\xc3\x9f"), ERROR_KEY_SYNTAX},
    {S("\xff"), ERROR_KEY_SYNTAX},
};

static void a_key_is_visible_ascii_of_at_most_128_bytes(void **state)
{
    (void)state;
    char text[129];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_error(key_check(keys[i].key), keys[i].error);
    memset(text, 'x', sizeof text);
    assert_ok(key_check((struct span){text, 128}));
    assert_error(key_check((struct span){text, 129}), ERROR_KEY_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_name_is_judged_as_the_table_says),
        cmocka_unit_test(lengths_are_counted_in_bytes),
        cmocka_unit_test(a_key_is_visible_ascii_of_at_most_128_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
