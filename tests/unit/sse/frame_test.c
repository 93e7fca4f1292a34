/* sse/frame: what sse_frame_write wrote, read back. */
#include "unit.h"

#include "sse/frame.h"
#include "sse/write.h"

/* lines: as they are read back, each ended by '|'. */
static const struct {
    const char *type, *data, *lines;
} rows[] = {
    {"", "", "|"},
    {"", "a", "a|"},
    {"x", "a", "a|"},
    {"say: \"x\" ", " a ", " a |"},
    {"", "a\nb", "a|b|"},
    {"", "a\r\nb\rc\n", "a|b|c||"},
    {"", "\n\n", "|||"},
    {"", "event: y\ndata: z", "event: y|data: z|"},
    {"event: x", "data: ", "data: |"},
};

static void type_and_lines_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char bytes[200], lines[200] = "";
        char *end = sse_frame_write(bytes, span_from(rows[i].type), span_from(rows[i].data));
        struct span frame = {bytes, (size_t)(end - bytes)}, line;
        assert_spans(sse_frame_type(&frame), span_from(rows[i].type));
        while (sse_frame_line(&frame, &line)) {
            strncat(lines, line.p, line.n);
            strcat(lines, "|");
        }
        assert_string_equal(lines, rows[i].lines);
        assert_span(frame, "\n");
        assert_false(sse_frame_line(&frame, &line));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(type_and_lines_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
