/* Any bytes as a file of settings: they are refused in lines of words, or what was read is printed
 * and read again as the same. */
#include "base/check.h"
#include "server/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct settings *parse(struct span bytes, struct buf *wrongs)
{
    buf_init(wrongs, SETTINGS_WRONGS_MAX);
    struct settings *settings = settings_read(0, NULL, wrongs);
    CHECK(settings);
    settings->config = "f";
    if (config_parse(settings, "f", bytes, wrongs)) {
        CHECK(wrongs->len == 0);
        return settings;
    }
    settings_unref(settings);
    return NULL;
}

/* Lines, each with its file in front, without bytes that could move a terminal. */
static void check_wrongs(struct span text)
{
    unsigned lines = 0;
    CHECK(text.n > 0 && text.p[text.n - 1] == '\n');
    for (; text.n; lines++) {
        struct span line = span_cut(&text, '\n');
        CHECK(span_starts(line, SPAN("f:")) && line.n > 4);
        for (size_t i = 0; i < line.n; i++)
            CHECK((unsigned char)line.p[i] >= 0x20 && line.p[i] != 0x7f);
    }
    CHECK(lines >= 1 && lines <= CONFIG_WRONGS_MAX + 1);
}

/* Without the comments that say where each comes from. */
static void print(const struct settings *settings, struct buf *out)
{
    struct buf text;
    buf_init(&text, 64 << 20);
    buf_init(out, 64 << 20);
    CHECK(settings_print(settings, &text) == OK);
    struct span rest = buf_span(&text);
    while (rest.n) {
        struct span line = span_cut(&rest, '\n');
        size_t n = line.n;
        while (n && !span_starts((struct span){line.p + n, line.n - n}, SPAN("  # ")))
            n--;
        CHECK(buf_append(out, line.p, n ? n : line.n) == OK && buf_append(out, "\n", 1) == OK);
    }
    buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf wrongs, once, twice;
    struct settings *settings = parse((struct span){(const char *)data, size}, &wrongs);
    if (!settings) {
        check_wrongs(buf_span(&wrongs));
        buf_fini(&wrongs);
        return 0;
    }
    print(settings, &once);
    struct settings *again = parse(buf_span(&once), &wrongs);
    CHECK(again);
    print(again, &twice);
    CHECK(span_equal(buf_span(&once), buf_span(&twice)));
    settings_unref(settings);
    settings_unref(again);
    buf_fini(&once);
    buf_fini(&twice);
    return 0;
}
