/* The pulse of a loop on a thread of its own, which can be made to stand still. */
#include "unit.h"

#include "net/pulse.h"

#include <pthread.h>
#include <sched.h>

struct body {
    struct mailbox mailbox;
    struct pulse pulse;
    struct ev_loop *loop;
    ev_prepare turn;
    pthread_mutex_t still; /* held by whoever wants it to stand */
    _Atomic bool stands, over;
    pthread_t thread;
};

static void on_turn(struct ev_loop *loop, ev_prepare *turn, int events)
{
    (void)events;
    struct body *body = turn->data;
    pulse_turn(&body->pulse);
    atomic_store(&body->stands, true);
    pthread_mutex_lock(&body->still);
    atomic_store(&body->stands, false);
    pthread_mutex_unlock(&body->still);
    if (atomic_load(&body->over))
        ev_break(loop, EVBREAK_ALL);
}

static void on_mail(struct ev_loop *loop, ev_async *wake, int events)
{
    (void)loop, (void)wake, (void)events;
}

static void *run(void *context)
{
    struct body *body = context;
    ev_run(body->loop, 0);
    return NULL;
}

static struct body *body_new(void)
{
    struct body *body = calloc(1, sizeof *body);
    body->loop = ev_loop_new(EVFLAG_AUTO);
    mailbox_open(&body->mailbox, body->loop, on_mail, body);
    pulse_init(&body->pulse, &body->mailbox);
    ev_prepare_init(&body->turn, on_turn);
    body->turn.data = body;
    ev_prepare_start(body->loop, &body->turn);
    pthread_mutex_init(&body->still, NULL);
    assert_int_equal(pthread_create(&body->thread, NULL, run, body), 0);
    return body;
}

static void body_free(struct body *body)
{
    atomic_store(&body->over, true);
    mailbox_wake(&body->mailbox);
    pthread_join(body->thread, NULL);
    mailbox_close(&body->mailbox);
    ev_loop_destroy(body->loop);
    pthread_mutex_destroy(&body->still);
    free(body);
}

static void wait_for(const struct pulse *pulse)
{
    while (!pulse_answered(pulse))
        sched_yield();
}

static void before_the_first_question_nothing_is_amiss(void **state)
{
    (void)state;
    struct mailbox mailbox;
    struct pulse pulse;
    pulse_init(&pulse, &mailbox);
    assert_true(pulse_answered(&pulse));
}

static void a_loop_that_sleeps_answers(void **state)
{
    (void)state;
    struct body *body = body_new();
    for (int i = 0; i < 1000; i++) {
        pulse_ask(&body->pulse);
        wait_for(&body->pulse);
    }
    body_free(body);
}

/* In its turn: before the lock is let go no other begins. */
static void one_that_stands_does_not_until_it_turns_again(void **state)
{
    (void)state;
    struct body *body = body_new();
    pthread_mutex_lock(&body->still);
    while (!atomic_load(&body->stands))
        mailbox_wake(&body->mailbox);
    for (int i = 0; i < 1000; i++) {
        pulse_ask(&body->pulse);
        assert_false(pulse_answered(&body->pulse));
        sched_yield();
    }
    pthread_mutex_unlock(&body->still);
    wait_for(&body->pulse);
    body_free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_first_question_nothing_is_amiss),
        cmocka_unit_test(a_loop_that_sleeps_answers),
        cmocka_unit_test(one_that_stands_does_not_until_it_turns_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
