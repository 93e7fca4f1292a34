/* Making control characters visible. */
#include "base/visible.h"

#include "base/utf8.h"

/* C0, DEL, C1, and what sets or overrides the direction of text. */
static bool is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) ||
           (code_point >= 0x202a && code_point <= 0x202e) ||
           (code_point >= 0x2066 && code_point <= 0x2069) || code_point == 0x200e ||
           code_point == 0x200f || code_point == 0x61c;
}

static bool stays(uint32_t code_point, enum visible how)
{
    return !is_control(code_point) || (code_point == '\t' && how != VISIBLE_LINE) ||
           (code_point == '\n' && how == VISIBLE_LINES);
}

static enum error write_control(uint32_t code_point, enum visible how, struct buf *out)
{
    if (how == VISIBLE_JSON)
        return buf_printf(out, "\\u%04x", (unsigned)code_point);
    if (code_point < 0x80)
        return buf_printf(out, "^%c", (int)code_point ^ 0x40);
    return buf_printf(out, "<U+%04X>", (unsigned)code_point);
}

enum error visible_write(struct span text, enum visible how, struct buf *out)
{
    enum error error = OK;
    while (text.n && !error) {
        uint32_t code_point = 0;
        size_t n = 0, step;
        while (n < text.n &&
               (step = utf8_next((struct span){text.p + n, text.n - n}, &code_point)) != 0 &&
               stays(code_point, how))
            n += step;
        error = buf_append(out, text.p, n);
        text = (struct span){text.p + n, text.n - n};
        if (error || text.n == 0)
            break;
        step = utf8_next(text, &code_point);
        error = step ? write_control(code_point, how, out)
                     : buf_printf(out, "<%02X>", (unsigned char)*text.p);
        step += step == 0;
        text = (struct span){text.p + step, text.n - step};
    }
    return error;
}
