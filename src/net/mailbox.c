/* A stack that senders push to and the receiver takes whole and turns round: lock-free, and first
 * in first out for each sender. */
#include "net/mailbox.h"

void mailbox_open(struct mailbox *mailbox, struct ev_loop *loop,
                  void (*deliver)(struct ev_loop *, ev_async *, int), void *context)
{
    atomic_init(&mailbox->newest, NULL);
    mailbox->loop = loop;
    ev_async_init(&mailbox->wake, deliver);
    mailbox->wake.data = context;
    ev_async_start(loop, &mailbox->wake);
}

void mailbox_close(struct mailbox *mailbox)
{
    ev_async_stop(mailbox->loop, &mailbox->wake);
}

/* True if it is the first to lie there. */
static bool push(struct mailbox *mailbox, struct mail *mail)
{
    struct mail *newest = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    do
        mail->next = newest;
    while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &newest, mail,
                                                  memory_order_release, memory_order_relaxed));
    return !newest;
}

void mailbox_put(struct mailbox *mailbox, struct mail *mail)
{
    if (push(mailbox, mail)) /* otherwise the receiver has been woken and has not come yet */
        mailbox_wake(mailbox);
}

void mailbox_put_quietly(struct mailbox *mailbox, struct mail *mail)
{
    push(mailbox, mail);
}

bool mailbox_is_empty(const struct mailbox *mailbox)
{
    return !atomic_load(&mailbox->newest);
}

void mailbox_wake(struct mailbox *mailbox)
{
    ev_async_send(mailbox->loop, &mailbox->wake);
}

struct mail *mailbox_take(struct mailbox *mailbox)
{
    struct mail *mail = atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
    struct mail *oldest = NULL;
    while (mail) {
        struct mail *next = mail->next;
        mail->next = oldest;
        oldest = mail;
        mail = next;
    }
    return oldest;
}
