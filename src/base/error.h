/* The errors that functions return: one enum from the table error.def. Zero is success. */
#ifndef FRESHET_BASE_ERROR_H
#define FRESHET_BASE_ERROR_H

enum error {
    OK = 0,
#define ERROR(name, status, text) ERROR_##name,
#include "base/error.def"
#undef ERROR
    ERROR_COUNT
};

/* The stable name of an error, such as "UTF8"; for logs and tests. Static. */
const char *error_name(enum error error);

/* What to change, one sentence without a full stop. Static. */
const char *error_text(enum error error);

/* The HTTP status that answers it; 200 for OK. */
int error_status(enum error error);

#endif
