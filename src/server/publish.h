/* POST /publish[/{channel}] and POST /clients/{client_id}: what is known before the body comes, and
 * what becomes of it. */
#ifndef FRESHET_SERVER_PUBLISH_H
#define FRESHET_SERVER_PUBLISH_H

#include "server/connection.h"
#include "server/media.h"
#include "server/ndjson.h"

/* A publish while it is put together. The exchange owns it. */
struct draft {
    enum media media;
    struct buf channel, type;
    bool keyed;
    struct key_name key;
    size_t at; /* where broken JSON breaks */
    struct ndjson batch;
};

void draft_free(struct draft *draft); /* NULL is allowed */

/* The head is there: reads all that it says, so that a bad one is refused before its body. */
enum error publish_begin(struct exchange *exchange);
enum error publish_client_begin(struct exchange *exchange);

/* The body is there. */
void handle_publish(struct exchange *exchange);

/* A bit of a large body. True if there is more to do at once. */
bool publish_work(struct exchange *exchange);

/* The engine's answer. */
void publish_answer(struct exchange *exchange, const struct request *request);

#endif
