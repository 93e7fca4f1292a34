/* engine/envelope: an event as JSON, rendered a second time at most once. */
#include "make.h"

#include "base/id.h"
#include "engine/envelope.h"

/* json is what stands behind "data": in the envelope. */
static const struct {
    bool json;
    const char *type, *data, *text;
} rows[] = {
    {false, "", "", "\"\""},
    {false, "t", "a", "\"a\""},
    {false, "", "a\nb\rc\r\nd\n", "\"a\\nb\\nc\\nd\\n\""},
    {false, "", "say \"\\\" \t\b\f\x01\x1f\x7f",
     "\"say \\\"\\\\\\\" \\t\\b\\f\\u0001\\u001f\x7f\""},
    {false, "", "\xc3\xa4 \xf0\x9f\x98\x80 </script>", "\"\xc3\xa4 \xf0\x9f\x98\x80 </script>\""},
    {false, "", "{\"a\":1}", "\"{\\\"a\\\":1}\""},
    {false, "", "event: x\nid: 1", "\"event: x\\nid: 1\""},
    {true, "t", "{\"a\":1.50,\"a\":1e400}", "{\"a\":1.50,\"a\":1e400}"},
    {true, "", "{\n  \"a\": 1,\r\n  \"b\": [\r]\n}\n", "{   \"a\": 1,   \"b\": [ ] } "},
    {true, "", " \"\\u0041\\n\" ", " \"\\u0041\\n\" "},
    {true, "", "null", "null"},
};

static struct event *make(const char *channel, const char *type, const char *data, bool json)
{
    struct event *event = frame_new(span_from(channel), span_from(type), span_from(data), json);
    assert_non_null(event);
    frame_stamp(event, id_make(1000, 7));
    return event;
}

static void expected(char *out, bool channel, const char *type, const char *text)
{
    sprintf(out, "{%s\"id\":\"1000-7\",\"event\":%s%s%s,\"data\":%s}",
            channel ? "\"channel\":\"a\\\"b\"," : "", *type ? "\"" : "", *type ? type : "null",
            *type ? "\"" : "", text);
}

static void an_event_is_one_line_of_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct event *event = make("a\"b", rows[i].type, rows[i].data, rows[i].json);
        for (int channel = 0; channel < 2; channel++) {
            char line[256];
            struct buf out;
            buf_init(&out, 1000);
            expected(line, channel, rows[i].type, rows[i].text);
            assert_ok(event_write_json(event, channel, &out));
            assert_spans(buf_span(&out), span_from(line));
            buf_fini(&out);
        }
        event_unref(event);
    }
}

static void an_envelope_is_a_frame_with_the_same_id_and_type(void **state)
{
    (void)state;
    struct twins twins = {.max = 1 << 20};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[256], frame[512], wire[600];
        struct event *event = make("a\"b", rows[i].type, rows[i].data, rows[i].json);
        struct event *envelope = envelope_of(event, &twins);
        expected(line, true, rows[i].type, rows[i].text);
        sprintf(frame, "id: 1000-7\n%s%s%sdata: %s\n\n", *rows[i].type ? "event: " : "",
                rows[i].type, *rows[i].type ? "\n" : "", line);
        sprintf(wire, "%zx\r\n%s\r\n", strlen(frame), frame);
        assert_int_equal(envelope->id, event->id);
        assert_spans(event_frame(envelope), span_from(frame));
        assert_spans(event_wire(envelope), span_from(wire));
        event_unref(envelope);
        event_unref(event);
    }
    assert_int_equal(atomic_load(&twins.bytes), 0);
}

static void it_is_made_once_and_goes_with_the_event_and_the_last_reader(void **state)
{
    (void)state;
    struct twins twins = {.max = 1 << 20};
    struct event *event = make("a", "", "x", false);
    struct event *first = envelope_of(event, &twins), *second = envelope_of(event, &twins);
    assert_ptr_equal(first, second);
    assert_int_equal(atomic_load(&twins.bytes), event_size(first));
    event_unref(second);
    event_unref(event);
    assert_int_equal(atomic_load(&twins.bytes), event_size(first));
    event_unref(first);
    assert_int_equal(atomic_load(&twins.bytes), 0);
}

static void without_room_it_is_made_for_each_write(void **state)
{
    (void)state;
    struct twins twins = {.max = 1 << 20};
    struct event *event = make("a", "", "x", false), *other = make("b", "", "x", false);
    struct event *kept = envelope_of(event, &twins);
    twins.max = 2 * event_size(kept) - 1;
    struct event *first = envelope_of(other, &twins), *second = envelope_of(other, &twins);
    assert_ptr_not_equal(first, second);
    assert_spans(event_wire(first), event_wire(second));
    assert_null(atomic_load(&other->twin));
    assert_int_equal(atomic_load(&twins.bytes), event_size(kept) + 2 * event_size(first));
    twins.max = event_size(first); /* now others have more than twice that */
    assert_null(envelope_of(other, &twins));
    twins.max = 2 * event_size(kept) - 1;
    event_unref(first);
    event_unref(second);
    assert_int_equal(atomic_load(&twins.bytes), event_size(kept));
    twins.max++;
    first = envelope_of(other, &twins);
    assert_ptr_equal(atomic_load(&other->twin), first);
    event_unref(first);
    event_unref(kept);
    event_unref(event);
    event_unref(other);
    assert_int_equal(atomic_load(&twins.bytes), 0);
}

static void json_that_does_not_fit_leaves_the_buffer_as_it_was(void **state)
{
    (void)state;
    struct event *event = make("a", "t", "two\nlines", false);
    size_t n = strlen("<{\"channel\":\"a\",\"id\":\"1000-7\",\"event\":\"t\","
                      "\"data\":\"two\\nlines\"}");
    for (size_t max = 1; max <= n; max++) {
        struct buf out;
        buf_init(&out, max);
        assert_ok(buf_append(&out, "<", 1));
        assert_error(event_write_json(event, true, &out), max < n ? ERROR_TOO_LARGE : OK);
        assert_int_equal(out.len, max < n ? 1 : n);
        buf_fini(&out);
    }
    event_unref(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_one_line_of_json),
        cmocka_unit_test(an_envelope_is_a_frame_with_the_same_id_and_type),
        cmocka_unit_test(it_is_made_once_and_goes_with_the_event_and_the_last_reader),
        cmocka_unit_test(without_room_it_is_made_for_each_write),
        cmocka_unit_test(json_that_does_not_fit_leaves_the_buffer_as_it_was),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
