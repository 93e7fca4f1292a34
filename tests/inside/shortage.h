/* Memory as a test decides: malloc, calloc, realloc and free of the hub and of jansson go through
 * here (--wrap). Those of them that the hub makes and that may fail are numbered from 1, and chosen
 * ones fail. What memory_new and memory_resize ask for may not fail and has no number. */
#ifndef FRESHET_TESTS_SHORTAGE_H
#define FRESHET_TESTS_SHORTAGE_H

#include <stdbool.h>
#include <stdint.h>

/* Begins to count anew; of what is counted, `length` from number `first` on fail. first 0: none. */
void shortage_begin(uint64_t first, uint64_t length);

/* From now on nothing is counted and nothing fails. */
void shortage_end(void);

/* What is asked for now is asked for by the hub (on), or by the test. */
void shortage_inside(bool on);

/* Since shortage_begin. */
uint64_t shortage_asked(void);
uint64_t shortage_failed(void);

/* Pieces that are in use, by whoever. */
int64_t shortage_in_use(void);

/* jansson's memory comes from here too. Before its first use. */
void shortage_init(void);

#endif
