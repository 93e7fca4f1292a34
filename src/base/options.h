/* What a verb can be told: a const table of rows, one an option, from which come the flag
 * (--history-bytes), the variable (FRESHET_HISTORY_BYTES), the key in a settings file
 * (history-bytes), default, range, help, the manual and the completions. Values are fields of the
 * caller's struct. Sources are taken in the order file, variables, flags: a later one wins, and a
 * list begins anew with each. One thread. */
#ifndef FRESHET_BASE_OPTIONS_H
#define FRESHET_BASE_OPTIONS_H

#include "base/buf.h"

#include <stdint.h>

enum option_kind {
    OPTION_HEADING,  /* no option: `help` stands above the rows that follow */
    OPTION_SWITCH,   /* bool: the flag alone means true; --name=false, true and false elsewhere */
    OPTION_COUNT,    /* uint64_t */
    OPTION_SIZE,     /* uint64_t, bytes */
    OPTION_DURATION, /* uint64_t, ms */
    OPTION_CHOICE,   /* unsigned: which of `choices` */
    OPTION_TEXT,     /* const char *, NULL where there is none */
    OPTION_TEXTS,    /* struct option_texts: may be repeated */
};

enum { OPTION_TEXTS_MAX = 64 };

struct option_texts {
    const char *texts[OPTION_TEXTS_MAX];
    size_t count;
};

struct option_row {
    const char *name; /* words joined by - */
    enum option_kind kind;
    uint32_t offset;     /* of the value in the struct */
    const char *initial; /* the default as text; NULL: zero, false, none */
    const char *shown;   /* what stands for the value in help: N, SIZE, URL */
    const char *help;    /* half a sentence, small letter, no full stop */
    const char *choices; /* of OPTION_CHOICE: "text|json" */
    /* Of numbers; most 0: no limit. Of OPTION_TEXTS: how many of them. */
    uint64_t least, most;
    /* Further demands on a text; NULL, or what would be right. */
    const char *(*check)(struct span text);
    const char *variable; /* another name than FRESHET_…; "": none */
    bool reload;          /* SIGHUP may change it */
    bool no_key;          /* it cannot stand in a file */
};

enum option_source { OPTION_DEFAULT, OPTION_FILE, OPTION_VARIABLE, OPTION_FLAG };

struct option_origin {
    enum option_source source;
    unsigned line; /* of the file */
};

enum { OPTIONS_WHY_MAX = 512 };

/* Options being read. */
struct options {
    const struct option_row *rows;
    size_t count;
    void *values;
    struct option_origin *origins; /* `count` of them */
    char **kept;                   /* by options_keep */
    size_t kept_count;
    char why[OPTIONS_WHY_MAX]; /* after a function said false: what is wrong and what would be
                                  right, a sentence without a full stop */
};

/* Sets all values to their defaults. The rows and values outlive it. */
void options_init(struct options *options, const struct option_row *rows, size_t count,
                  void *values);
/* The values stay, but for texts that options_keep made. */
void options_fini(struct options *options);

/* A copy of a text, for values; lives until options_fini. */
char *options_keep(struct options *options, struct span text);

/* NULL where there is none of that name. */
const struct option_row *options_find(const struct options *options, struct span name);

/* The name of a row that a misspelt one is near to; NULL where none is. */
const char *options_nearest(const struct options *options, struct span name);

/* Takes one value; the text is not copied and outlives the values. A list's first text from a
 * source drops those of the source before. False with why, which names neither option nor place. */
bool options_take(struct options *options, const struct option_row *row, const char *text,
                  struct option_origin origin);

/* Makes a list empty. False with why. */
bool options_take_none(struct options *options, const struct option_row *row,
                       struct option_origin origin);

/* A value as other options of the same rows have it; texts are copied. */
void options_copy(struct options *options, const struct options *from,
                  const struct option_row *row);

/* Takes `--name VALUE` and `--name=VALUE`; a switch takes no value but behind `=`. What is no flag,
 * and all behind a `--`, is an argument: *count of them are left at the front of `arguments`. False
 * with why. */
bool options_read_flags(struct options *options, int *count, char **arguments);

/* Takes the environment's; a list's texts are separated by commas. An empty variable is none. False
 * with why. */
bool options_read_variables(struct options *options);

/* False with why where the environment has a variable that is nearly one of these, and none. */
bool options_check_variables(struct options *options);

/* A row's value, as one would write it, and `none` for none. Errors of buf. */
enum error option_print(const struct options *options, const struct option_row *row,
                        struct buf *out);

/* The variable's name; "" where there is none. */
struct option_variable {
    char text[64];
};
struct option_variable option_variable(const struct option_row *row);

/* The range in words, such as "from 100ms to 1d" or "at most 16 times"; "" where there is none. */
struct option_range {
    char text[96];
};
struct option_range option_range(const struct option_row *row);

/* The rows for --help: flags, help and [default], in lines of at most 100 columns. Errors of buf.
 */
enum error options_write_help(const struct option_row *rows, size_t count, struct buf *out);

#endif
