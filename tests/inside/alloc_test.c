/* Each allocation that may fail is failed in turn, alone and with those that follow it, in every
 * scene. Before each play a line says which; so the last one names what a crash belongs to. */
#include "unit.h"

#include "stage.h"

static void play_each(const struct scene *scene)
{
    static const uint64_t lengths[] = {1, 3, 1000000};
    print_message("%s\n", scene->name);
    uint64_t count = stage_play(scene, 0, 0);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (uint64_t first = 1; first <= count; first++) {
            print_message("%s: allocation %llu of %llu, %llu in a row\n", scene->name,
                          (unsigned long long)first, (unsigned long long)count,
                          (unsigned long long)lengths[i]);
            stage_play(scene, first, lengths[i]);
        }
}

static void no_allocation_that_fails_stops_leaks_or_misleads(void **state)
{
    (void)state;
    const char *only = getenv("FRESHET_TEST_SCENE");
    for (size_t i = 0; i < scene_count; i++)
        if (!only || strcmp(only, scenes[i].name) == 0)
            play_each(&scenes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_allocation_that_fails_stops_leaks_or_misleads),
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
