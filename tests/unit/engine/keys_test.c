/* engine/keys: what is remembered of idempotency keys, and for how long. */
#include "make.h"

#include "engine/keys.h"

enum { TEN_MINUTES = 600000 };

static struct key_name named(const char *key)
{
    return key_name(SPAN("a"), span_from(key));
}

static struct key *add(struct keys *keys, const char *key, uint64_t now_ms)
{
    struct key *added = NULL;
    assert_ok(keys_add(keys, named(key), 7, keys, now_ms, &added));
    return added;
}

static void a_name_is_of_both_channel_and_key(void **state)
{
    (void)state;
    struct key_name name = key_name(SPAN("ab"), SPAN("c")),
                    others[] = {key_name(SPAN("a"), SPAN("bc")), key_name(SPAN("ab"), SPAN("cc")),
                                key_name(SPAN("abc"), SPAN("")), key_name(SPAN("ab"), SPAN("C"))};
    struct key_name again = key_name(SPAN("ab"), SPAN("c"));
    assert_memory_equal(&name, &again, sizeof name);
    for (size_t i = 0; i < 4; i++)
        assert_memory_not_equal(&name, &others[i], sizeof name);
    char longest[255 + 128];
    memset(longest, 'x', sizeof longest);
    key_name((struct span){longest, 255}, (struct span){longest, 128});
}

static void a_settled_key_is_found_for_ten_minutes(void **state)
{
    (void)state;
    struct keys keys;
    keys_init(&keys, 10);
    assert_null(keys_find(&keys, named("k"), 1000));
    struct key *key = add(&keys, "k", 1000);
    assert_ptr_equal(keys_find(&keys, named("k"), 1000 + 2 * TEN_MINUTES), key); /* under way */
    keys_settle(&keys, key, 42, 5000);
    assert_null(key->owner);
    assert_ptr_equal(keys_find(&keys, named("k"), 5000 + TEN_MINUTES - 1), key);
    assert_int_equal(key->id, 42);
    assert_null(keys_find(&keys, named("k"), 5000 + TEN_MINUTES));
    assert_int_equal(HASH_COUNT(keys.table), 0);
    keys_fini(&keys);
}

static void what_came_to_nothing_is_forgotten(void **state)
{
    (void)state;
    struct keys keys;
    keys_init(&keys, 10);
    struct key *first = add(&keys, "k", 1000), *second = add(&keys, "l", 1000);
    keys_drop(&keys, first);
    keys_settle(&keys, second, 42, 1000);
    keys_drop(&keys, second);
    assert_null(keys_find(&keys, named("k"), 1000));
    assert_null(keys_find(&keys, named("l"), 1000));
    assert_true(TAILQ_EMPTY(&keys.settled));
    keys_fini(&keys);
}

static void too_many_are_refused_until_one_is_old(void **state)
{
    (void)state;
    struct keys keys;
    struct key *key;
    keys_init(&keys, 2);
    keys_settle(&keys, add(&keys, "k", 1000), 42, 1000);
    struct key *waits = add(&keys, "l", 1000);
    assert_error(keys_add(&keys, named("m"), 7, NULL, 1000 + TEN_MINUTES - 1, &key),
                 ERROR_KEYS_MANY);
    assert_non_null(add(&keys, "m", 1000 + TEN_MINUTES));
    assert_error(keys_add(&keys, named("n"), 7, NULL, 1000 + 2 * TEN_MINUTES, &key),
                 ERROR_KEYS_MANY); /* what is under way does not give way */
    assert_ptr_equal(keys_find(&keys, named("l"), 1000), waits);
    keys_fini(&keys);
}

static void the_old_go_some_at_a_time_and_are_not_found_before(void **state)
{
    (void)state;
    struct keys keys;
    keys_init(&keys, 1000);
    for (int i = 0; i < 200; i++) {
        char key[8];
        snprintf(key, sizeof key, "%d", i);
        keys_settle(&keys, add(&keys, key, 1000), 42, 1000);
    }
    keys_expire(&keys, 1000 + TEN_MINUTES - 1);
    assert_int_equal(HASH_COUNT(keys.table), 200);
    keys_expire(&keys, 1000 + TEN_MINUTES);
    assert_in_range(HASH_COUNT(keys.table), 100, 199);
    assert_null(keys_find(&keys, named("199"), 1000 + TEN_MINUTES));
    while (HASH_COUNT(keys.table))
        keys_expire(&keys, 1000 + TEN_MINUTES);
    keys_fini(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_of_both_channel_and_key),
        cmocka_unit_test(a_settled_key_is_found_for_ten_minutes),
        cmocka_unit_test(what_came_to_nothing_is_forgotten),
        cmocka_unit_test(too_many_are_refused_until_one_is_old),
        cmocka_unit_test(the_old_go_some_at_a_time_and_are_not_found_before),
    };
    return cmocka_run_group_tests(tests, make_hash, NULL);
}
