/* A mailbox: how threads hand things to each other. Many send, one takes; nobody waits. What is
 * handed over embeds a struct mail and belongs to the receiver from then on. Mail of one sender
 * keeps its order. Waking the receiver's loop costs a system call only while it sleeps. */
#ifndef FRESHET_NET_MAILBOX_H
#define FRESHET_NET_MAILBOX_H

#include <ev.h>
#include <stdatomic.h>
#include <stdbool.h>

struct mail {
    struct mail *next;
    int kind; /* what it is: agreed between sender and receiver */
};

struct mailbox {
    _Atomic(struct mail *) newest;
    struct ev_loop *loop;
    ev_async wake;
};

/* deliver is called on the loop's thread some time after mail has come, or mailbox_wake was called;
 * wake.data is context. Before any thread sends. */
void mailbox_open(struct mailbox *mailbox, struct ev_loop *loop,
                  void (*deliver)(struct ev_loop *, ev_async *, int), void *context);
/* The receiver's thread; whoever might send has ended. Mail that is left can still be taken. */
void mailbox_close(struct mailbox *mailbox);

/* Any thread. Quietly: the receiver is not woken for it, which is then the sender's to see to. */
void mailbox_put(struct mailbox *mailbox, struct mail *mail);
void mailbox_put_quietly(struct mailbox *mailbox, struct mail *mail);
bool mailbox_is_empty(const struct mailbox *mailbox);
void mailbox_wake(struct mailbox *mailbox);

/* All that has come, oldest first, linked by next; NULL if nothing has. The receiver's thread. */
struct mail *mailbox_take(struct mailbox *mailbox);

#endif
