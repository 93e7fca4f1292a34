/* A worker's mail: entries and answers from the engine, new connections, listings on their way
 * round, and the word to stop. The worker's own thread. */
#ifndef FRESHET_SERVER_INBOX_H
#define FRESHET_SERVER_INBOX_H

#include "server/worker.h"

/* Works off some of the mail. */
void inbox_work(struct worker *worker);

/* Tells the engine how much the fan-out has not carried round. */
void inbox_tell_waiting(struct worker *worker);

/* Whether a request counts as in hand: neither a stream's nor one that nobody answers. */
bool inbox_is_in_hand(const struct request *request);

#endif
