/* The page that the hub serves at `/`: the bytes of web/index.html, made into C at build time by
 * web/embed.py. They are complete HTML in UTF-8 that loads nothing else; serve them as
 * `text/html; charset=utf-8`. Static and immutable, so any thread may send them without a copy. */
#ifndef FRESHET_SERVER_PAGE_H
#define FRESHET_SERVER_PAGE_H

#include <stddef.h>

extern const unsigned char page_index[]; /* page_index_size bytes, no NUL behind them */
extern const size_t page_index_size;

#endif
