/* bench/process: what the system tells of a process. */
#include "bench/process.h"

#include "unit.h"

#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { MEMORY = 32 << 20 };

static uint64_t own(void)
{
    static struct processes processes;
    pid_t self = getpid(), missing;
    uint64_t bytes;
    assert_true(processes_find(&processes, &self, 1, &missing));
    assert_true(processes_own(&processes, &bytes));
    return bytes;
}

static void *map(size_t size, int protection, int flags, int fd)
{
    void *memory = mmap(NULL, size, protection, flags, fd, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

static void memory_that_is_used_counts_shared_or_not(void **state)
{
    (void)state;
    static const int flags[] = {MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED | MAP_ANONYMOUS};
    for (size_t i = 0; i < 2; i++) {
        uint64_t before = own();
        void *memory = map(MEMORY, PROT_READ | PROT_WRITE, flags[i], -1);
        assert_true(own() < before + MEMORY / 2); /* it is only promised yet */
        memset(memory, 1, MEMORY);
        assert_true(own() >= before + MEMORY);
        munmap(memory, MEMORY);
    }
}

/* A file of that size; it is gone when it is closed. */
static int make_file(size_t size)
{
    char path[] = "process-test-XXXXXX", block[4096] = "bytes";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    for (size_t n = 0; n < size; n += sizeof block)
        assert_int_equal(write(fd, block, sizeof block), sizeof block);
    return fd;
}

static void the_pages_of_a_file_do_not_count(void **state)
{
    (void)state;
    struct statfs system;
    assert_int_equal(statfs(".", &system), 0);
    if (system.f_type == TMPFS_MAGIC)
        skip(); /* there a file is memory */
    int fd = make_file(MEMORY);
    uint64_t before = own();
    char *bytes = map(MEMORY, PROT_READ, MAP_PRIVATE, fd);
    unsigned sum = 0;
    for (size_t i = 0; i < MEMORY; i += 4096)
        sum += (unsigned char)bytes[i];
    assert_int_equal(sum, MEMORY / 4096 * 'b');
    assert_true(own() < before + MEMORY / 2);
    munmap(bytes, MEMORY);
    close(fd);
}

static void a_process_that_is_not_there_is_missing(void **state)
{
    (void)state;
    static struct processes processes;
    pid_t named[] = {getpid(), 0x7ffffffe}, missing;
    assert_false(processes_find(&processes, named, 2, &missing));
    assert_int_equal(missing, named[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_is_used_counts_shared_or_not),
        cmocka_unit_test(the_pages_of_a_file_do_not_count),
        cmocka_unit_test(a_process_that_is_not_there_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
