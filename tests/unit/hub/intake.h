/* What must become of publishes, said naively: which wait for a key, which are refused and why,
 * which repeat what was published before; and in what order the rest comes out. */
#ifndef FRESHET_TESTS_INTAKE_H
#define FRESHET_TESTS_INTAKE_H

#include "engine/engine.h"
#include "model.h"

enum { INTAKE_KEYS = 512 };

struct publication_line {
    enum entry_kind kind;
    char name[MODEL_NAME];
    uint64_t value; /* of ENTRY_DISMISS */
    struct text text;
    int key;       /* -1: none */
    bool repeated; /* an earlier one stands for it */
    uint64_t id;   /* its own, or that one's; 0: not out yet */
};

/* A request as its publisher means it. */
struct publication {
    struct request *request;
    enum { PUBLICATION_POSTED, PUBLICATION_WAITS, PUBLICATION_STORED, PUBLICATION_REFUSED } state;
    enum error error; /* of one that is refused */
    size_t count;
    struct publication *next; /* behind it in a list */
    struct publication_line lines[];
};

struct publication_list {
    struct publication *first, **last;
};

struct intake_key {
    size_t channel;
    int key;
    struct text text;
    uint64_t id; /* 0: under way */
    uint64_t at_ms;
    const struct publication *owner;
};

struct intake {
    struct model *model;
    size_t keys_max, key_count;
    struct intake_key keys[INTAKE_KEYS];
    struct publication_list waiting, stored, accepted;
    bool settled;   /* those that wait look again */
    size_t refused; /* and not answered yet */
    uint64_t out;   /* lines that came out */
};

void intake_init(struct intake *intake, struct model *model, size_t keys_max);

void publication_list_add(struct publication_list *list, struct publication *publication);
struct publication *publication_list_take(struct publication_list *list);

/* The log looks at what waits, and then at these: says in each what becomes of it. */
void intake_judge(struct intake *intake, struct publication_list *batch, uint64_t now_ms,
                  uint64_t mono_ms);

/* One that is refused is answered. */
void intake_refused(struct intake *intake);

/* The store has the first of `stored`, or refuses it. */
struct publication *intake_accept(struct intake *intake);
struct publication *intake_refuse(struct intake *intake, enum error error, uint64_t now_ms);

/* The next line to come out of the log, and its entry; NULL where there is none. With its id it is
 * out. */
struct publication_line *intake_next(struct intake *intake, const struct event **entry);

/* The first of `accepted`, if all its lines are out, is answered; else NULL. */
struct publication *intake_answer(struct intake *intake, uint64_t mono_ms);

#endif
