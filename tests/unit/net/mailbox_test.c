/* The mailbox with real threads. */
#include "unit.h"

#include "net/mailbox.h"

#include <pthread.h>

enum { SENDERS = 4, EACH = 20000 };

struct letter {
    struct mail mail;
    int sender, number;
};

struct post {
    struct mailbox mailbox;
    int next[SENDERS];
    int taken;
    bool in_order;
};

struct sender {
    struct post *post;
    int number;
    pthread_t thread;
};

static void *send_all(void *context)
{
    struct sender *sender = context;
    for (int i = 0; i < EACH; i++) {
        struct letter *letter = calloc(1, sizeof *letter);
        letter->sender = sender->number;
        letter->number = i;
        mailbox_put(&sender->post->mailbox, &letter->mail);
    }
    return NULL;
}

static void on_mail(struct ev_loop *loop, ev_async *wake, int events)
{
    (void)events;
    struct post *post = wake->data;
    struct mail *mail = mailbox_take(&post->mailbox);
    while (mail) {
        struct letter *letter = (struct letter *)mail;
        mail = mail->next;
        post->in_order &= letter->number == post->next[letter->sender]++;
        post->taken++;
        free(letter);
    }
    if (post->taken == SENDERS * EACH)
        ev_break(loop, EVBREAK_ALL);
}

static void all_mail_arrives_once_and_each_senders_in_order(void **state)
{
    (void)state;
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    struct post post = {.in_order = true};
    struct sender senders[SENDERS];
    mailbox_open(&post.mailbox, loop, on_mail, &post);
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.post = &post, .number = i};
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
    ev_run(loop, 0); /* ends only when the last letter has come: a lost wake-up would hang here */
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    assert_true(post.in_order);
    assert_null(mailbox_take(&post.mailbox));
    mailbox_close(&post.mailbox);
    ev_loop_destroy(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_mail_arrives_once_and_each_senders_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
