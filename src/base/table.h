/* uthash as the hub uses it: keyed hash, and an element that found no memory is simply not added
 * (its hh.tbl is then NULL) in place of ending the program. Include this, never <uthash.h>. */
#ifndef FRESHET_BASE_TABLE_H
#define FRESHET_BASE_TABLE_H

#include "base/hash.h"

#define HASH_FUNCTION(key, length, value) ((value) = (unsigned)hash_bytes((key), (length)))
#define HASH_NONFATAL_OOM                 1
#define uthash_nonfatal_oom(element)      ((void)(element))

#include <uthash.h>

#endif
