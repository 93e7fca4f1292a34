/* The account of deliveries: what is done to a stream on purpose is counted as that, exactly. */
#include "unit.h"

#include "bench/check.h"

struct account {
    struct layout layout;
    struct tally tally;
    struct check check;
};

static struct account *account_new(struct layout layout, uint64_t first, uint64_t streams)
{
    struct account *account = calloc(1, sizeof *account);
    account->layout = layout;
    check_init(&account->check, &account->layout, &account->tally, first, streams);
    return account;
}

static void account_free(struct account *account)
{
    check_fini(&account->check);
    free(account);
}

static void take(struct account *account, uint64_t stream, uint32_t channel, uint32_t sequence)
{
    struct reader_event event = {
        .front = {.channel = channel, .sequence = sequence, .sent_ns = 1000}, .rising = true};
    check_take(&account->check, stream, &event, 3000);
}

static void assert_counts(const struct tally *tally, uint64_t lost, uint64_t repeated,
                          uint64_t disordered)
{
    assert_int_equal(tally->lost, lost);
    assert_int_equal(tally->repeated, repeated);
    assert_int_equal(tally->disordered, disordered);
}

static void all_in_order_is_clean(void **state)
{
    (void)state;
    struct layout layout = {.channels = 3, .per_stream = 2, .stride = 2, .events = 10};
    struct account *account = account_new(layout, 5, 3);
    /* Channel 0 has four events, the others three; stream n begins with channel 2n % 3. */
    for (uint64_t stream = 5; stream < 8; stream++)
        for (uint32_t n = 0; n < 10; n++) {
            uint32_t first = layout_first_channel(&layout, stream);
            if ((n % 3 + 3 - first) % 3 < 2)
                take(account, stream, n % 3, n / 3);
        }
    check_finish(&account->check, 10);
    assert_true(tally_clean(&account->tally));
    assert_int_equal(account->tally.delivered, layout_expected(&layout, 5, 3));
    assert_int_equal(account->tally.reached, account->tally.delivered);
    assert_int_equal(account->tally.latency.count, account->tally.delivered);
    assert_int_equal(account->tally.latency.max_ns, 2000);
    account_free(account);
}

static void what_never_comes_is_lost_in_the_middle_and_at_the_end(void **state)
{
    (void)state;
    struct layout layout = {.channels = 1, .per_stream = 1, .stride = 1, .events = 200};
    struct account *account = account_new(layout, 0, 2);
    take(account, 0, 0, 3);
    take(account, 0, 0, 150);
    assert_counts(&account->tally, 3 + 146, 0, 0);
    check_finish(&account->check, 200);
    assert_counts(&account->tally, 149 + 49 + 200, 0, 0);
    account_free(account);
}

static void what_was_not_published_is_not_lost(void **state)
{
    (void)state;
    struct layout layout = {.channels = 2, .per_stream = 2, .stride = 2, .events = 100};
    struct account *account = account_new(layout, 0, 1);
    take(account, 0, 0, 0);
    take(account, 0, 0, 1); /* came, though its publishing was not answered */
    check_finish(&account->check, 2);
    assert_counts(&account->tally, 1, 0, 0);
    account_free(account);
}

static void late_is_no_loss_and_no_repeat(void **state)
{
    (void)state;
    struct layout layout = {.channels = 1, .per_stream = 1, .stride = 1, .events = 65};
    struct account *account = account_new(layout, 0, 1);
    take(account, 0, 0, 63); /* so far ahead of 0 as can be told */
    for (uint32_t i = 0; i < 63; i++)
        take(account, 0, 0, i);
    take(account, 0, 0, 64);
    assert_counts(&account->tally, 0, 0, 63);
    take(account, 0, 0, 63);
    take(account, 0, 0, 20);
    assert_counts(&account->tally, 0, 2, 63);
    check_finish(&account->check, 65);
    assert_counts(&account->tally, 0, 2, 63);
    account_free(account);
}

static void what_nobody_asked_for_or_published_is_astray(void **state)
{
    (void)state;
    struct layout layout = {.channels = 4, .per_stream = 2, .stride = 1, .events = 8};
    struct account *account = account_new(layout, 3, 1); /* channels 3 and 0 */
    take(account, 3, 3, 0);
    take(account, 3, 0, 0);
    take(account, 3, 1, 0);
    take(account, 3, 2, 0);
    take(account, 3, 4, 0);
    take(account, 3, 3, 2);
    assert_int_equal(account->tally.strayed, 4);
    assert_int_equal(account->tally.delivered, 6);
    assert_int_equal(account->tally.reached, 2);
    account_free(account);
}

static void an_id_that_does_not_rise_is_out_of_order(void **state)
{
    (void)state;
    struct layout layout = {.channels = 1, .per_stream = 1, .stride = 1, .events = 1};
    struct account *account = account_new(layout, 0, 1);
    struct reader_event event = {.damaged = true};
    check_take(&account->check, 0, &event, 1);
    assert_counts(&account->tally, 0, 0, 1);
    assert_int_equal(account->tally.damaged, 1);
    account_free(account);
}

/* A stream of events is taken apart by chance: the account must know what was done. */
static void chance_is_counted_exactly(void **state)
{
    (void)state;
    enum { EVENTS = 1000, ROUNDS = 200 };
    uint64_t seed = unit_seed();
    for (int round = 0; round < ROUNDS; round++) {
        struct layout layout = {.channels = 1, .per_stream = 1, .stride = 1, .events = EVENTS};
        struct account *account = account_new(layout, 0, 1);
        uint64_t lost = 0, repeated = 0, disordered = 0;
        for (uint32_t i = 0; i < EVENTS;) {
            uint32_t group = 1 + (uint32_t)unit_random_below(&seed, 30);
            if (i + group > EVENTS)
                group = EVENTS - i;
            switch (unit_random_below(&seed, 4)) {
            case 0: /* the group is lost */
                lost += group;
                break;
            case 1: /* it comes twice */
                repeated += group;
                for (uint32_t j = 0; j < 2 * group; j++)
                    take(account, 0, 0, i + j % group);
                break;
            case 2: /* it comes backwards */
                disordered += group - 1;
                for (uint32_t j = group; j-- > 0;)
                    take(account, 0, 0, i + j);
                break;
            default:
                for (uint32_t j = 0; j < group; j++)
                    take(account, 0, 0, i + j);
            }
            i += group;
        }
        check_finish(&account->check, EVENTS);
        assert_counts(&account->tally, lost, repeated, disordered);
        account_free(account);
    }
}

static void tallies_add_up(void **state)
{
    (void)state;
    struct tally *sum = calloc(2, sizeof *sum), *other = sum + 1;
    *other = (struct tally){.order = 9, .open = 1, .lost = 2, .opened_ns = 5, .trouble = "first"};
    *sum = (struct tally){.order = 1, .lost = 3, .opened_ns = 7};
    histogram_add(&other->latency, 10);
    tally_add(sum, other);
    snprintf(other->trouble, sizeof other->trouble, "second");
    tally_add(sum, other);
    assert_int_equal(sum->order, 1);
    assert_int_equal(sum->open, 2);
    assert_int_equal(sum->lost, 7);
    assert_int_equal(sum->opened_ns, 7);
    assert_int_equal(sum->latency.count, 2);
    assert_string_equal(sum->trouble, "first");
    assert_false(tally_clean(sum));
    free(sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_in_order_is_clean),
        cmocka_unit_test(what_never_comes_is_lost_in_the_middle_and_at_the_end),
        cmocka_unit_test(what_was_not_published_is_not_lost),
        cmocka_unit_test(late_is_no_loss_and_no_repeat),
        cmocka_unit_test(what_nobody_asked_for_or_published_is_astray),
        cmocka_unit_test(an_id_that_does_not_rise_is_out_of_order),
        cmocka_unit_test(chance_is_counted_exactly),
        cmocka_unit_test(tallies_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
