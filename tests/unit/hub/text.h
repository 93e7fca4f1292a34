/* What is published in the model's hub: a type and data out of small tables, so that a few bytes
 * say it again; and what its envelope must say. */
#ifndef FRESHET_TESTS_TEXT_H
#define FRESHET_TESTS_TEXT_H

#include "hub/event.h"

enum { TEXT_TYPES = 4, TEXT_DATA = 12, TEXT_PAD = 4096, TEXT_ROOM = TEXT_PAD + 128 };

/* Two of them are the same body only if they are equal. */
struct text {
    uint8_t type, data;
    uint16_t pad; /* bytes behind the data */
};

bool text_equal(struct text a, struct text b);
bool text_is_json(struct text text);
struct span text_type(struct text text);
/* out: TEXT_ROOM bytes. */
struct span text_data(struct text text, char *out);

/* What is wrong with the bytes of this event's second rendering, or NULL. */
const char *text_judge(struct text text, const char *channel, uint64_t id,
                       const struct event *envelope);

#endif
