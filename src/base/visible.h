/* Strangers' text on a terminal: what would move the cursor, change colours or turn the order of
 * letters around is shown instead. Never for a pipe. Pure, any thread. */
#ifndef FRESHET_BASE_VISIBLE_H
#define FRESHET_BASE_VISIBLE_H

#include "base/buf.h"

enum visible {
    VISIBLE_LINE, /* all controls: ^[ for ESC, <U+009B> for those beyond ASCII, <80> for no UTF-8 */
    VISIBLE_LINES, /* LF and TAB stay */
    VISIBLE_JSON,  /* text of JSON: \u009b, so that its meaning stays; TAB stays */
};

/* Appends the text. Errors of buf; out may then hold a part. */
enum error visible_write(struct span text, enum visible how, struct buf *out);

#endif
