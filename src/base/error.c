/* The table of errors. Knows no module that uses it. */
#include "base/error.h"

struct row {
    const char *name;
    const char *text;
    int status;
};

static const struct row rows[ERROR_COUNT] = {
    [OK] = {"OK", "no error", 200},
#define ERROR(name, status, text) [ERROR_##name] = {#name, text, status},
#include "base/error.def"
#undef ERROR
};

const char *error_name(enum error error)
{
    return rows[error].name;
}

const char *error_text(enum error error)
{
    return rows[error].text;
}

int error_status(enum error error)
{
    return rows[error].status;
}
