/* A second reading of WHATWG HTML 9.2.6, as plain as the standard puts it: everything at once, no
 * pieces, no limits, decoded before lines are cut. Appends what a parser must tell to out, in the
 * form of tests/unit/sse/rules.h. */
#ifndef FRESHET_TESTS_SSE_MODEL_H
#define FRESHET_TESTS_SSE_MODEL_H

#include "base/buf.h"

void sse_model(struct span bytes, struct buf *out);

#endif
