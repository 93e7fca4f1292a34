/* The figures that the example publishes, from texts captured from /proc. */
#include "../../../examples/figures.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char stat_text[] = "cpu  2679 5 1830 183338 316 7 42 9 100 50\n"
                                "cpu0 1052 0 704 92332 10 0 11 1 0 0\n"
                                "cpu1 1627 5 1126 91006 306 7 31 8 100 50\n"
                                "intr 177810 0 0\n"
                                "ctxt 379920\n";

static const char meminfo_text[] = "MemTotal:       24684092 kB\n"
                                   "MemFree:        23958976 kB\n"
                                   "MemAvailable:   18513069 kB\n"
                                   "Buffers:            3896 kB\n"
                                   "SwapTotal:             0 kB\n";

#define NET_HEAD                                                                               \
    "Inter-|   Receive                                                |  Transmit\n"           \
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs " \
    "drop fifo colls carrier compressed\n"

static const char net_text[] = NET_HEAD
    "    lo:    3193      29    0    0    0     0          0         0     3193      29    0 "
    "   0    0     0       0          0\n"
    "  eth0: 190027083    3676    0    0    0     0          0         0   168338    2199   "
    " 0    0    0     0       0          0\n"
    "lowpan0:    5     1    0    0    0     0          0         0    7     1    0    0    "
    "0     0       0          0\n"
    "wlan0:18446744073709000000 1 0 0 0 0 0 0 5000000000 2199 0 0 0 0 0 0\n";

static void busy_time_leaves_out_idle_and_iowait_and_counts_guests_once(void **state)
{
    (void)state;
    struct cpu_times cpu;
    assert_true(figures_parse_cpu(stat_text, &cpu));
    assert_int_equal(cpu.busy, 2679 + 5 + 1830 + 7 + 42 + 9);
    assert_int_equal(cpu.total, cpu.busy + 183338 + 316);
}

static void a_cpu_line_that_is_short_or_something_else_is_refused(void **state)
{
    (void)state;
    struct cpu_times cpu;
    assert_false(figures_parse_cpu("", &cpu));
    assert_false(figures_parse_cpu("cpu  1 2 3 4 5 6 7\n", &cpu));
    assert_false(figures_parse_cpu("cpu0 1 2 3 4 5 6 7 8 9 10\n", &cpu));
    assert_false(figures_parse_cpu("intr 1 2 3 4 5 6 7 8\n", &cpu));
}

static void cpu_percent_is_the_busy_share_of_the_time_between(void **state)
{
    (void)state;
    struct cpu_times before = {1000, 10000};
    assert_float_equal(figures_cpu_percent(before, (struct cpu_times){1050, 10200}), 25, 1e-9);
    assert_float_equal(figures_cpu_percent(before, (struct cpu_times){1000, 10200}), 0, 1e-9);
    assert_float_equal(figures_cpu_percent(before, (struct cpu_times){1200, 10200}), 100, 1e-9);
}

static void cpu_percent_stays_a_percentage_when_the_kernel_corrects_itself(void **state)
{
    (void)state;
    struct cpu_times before = {1000, 10000};
    assert_float_equal(figures_cpu_percent(before, (struct cpu_times){1020, 10010}), 100, 1e-9);
    assert_float_equal(figures_cpu_percent(before, (struct cpu_times){990, 10010}), 0, 1e-9);
}

static void cpu_percent_is_unknown_when_no_time_was_counted(void **state)
{
    (void)state;
    struct cpu_times before = {1000, 10000};
    assert_true(isnan(figures_cpu_percent(before, before)));
    assert_true(isnan(figures_cpu_percent(before, (struct cpu_times){900, 9000})));
}

static void memory_percent_is_what_is_not_available(void **state)
{
    (void)state;
    double percent;
    assert_true(figures_parse_memory(meminfo_text, &percent));
    assert_float_equal(percent, 25, 1e-9);
}

static void memory_that_lacks_a_line_or_makes_no_sense_is_refused(void **state)
{
    (void)state;
    double percent;
    assert_false(figures_parse_memory("", &percent));
    assert_false(figures_parse_memory("MemTotal: 100 kB\nMemFree: 50 kB\n", &percent));
    assert_false(figures_parse_memory("MemTotal: 0 kB\nMemAvailable: 0 kB\n", &percent));
    assert_false(figures_parse_memory("MemTotal: 100 kB\nMemAvailable: 101 kB\n", &percent));
    assert_false(figures_parse_memory("MemTotal: kB\nMemAvailable: 101 kB\n", &percent));
}

static void network_bytes_are_those_of_all_interfaces_but_lo(void **state)
{
    (void)state;
    struct network_bytes network;
    assert_true(figures_parse_network(net_text, &network));
    assert_int_equal(network.received, UINT64_C(18446744073709000000) + 190027083 + 5);
    assert_int_equal(network.sent, UINT64_C(5000000000) + 168338 + 7);
}

static void a_machine_without_interfaces_has_sent_nothing(void **state)
{
    (void)state;
    struct network_bytes network;
    assert_true(figures_parse_network(NET_HEAD, &network));
    assert_int_equal(network.received, 0);
    assert_int_equal(network.sent, 0);
}

static void a_broken_network_table_is_refused(void **state)
{
    (void)state;
    struct network_bytes network;
    assert_false(figures_parse_network("", &network));
    assert_false(figures_parse_network("Inter-|\n", &network));
    assert_false(figures_parse_network(NET_HEAD "  eth0: 1 2 3\n", &network));
    assert_false(figures_parse_network(NET_HEAD "  eth0 1 2 3 4 5 6 7 8 9\n", &network));
}

static void the_running_machine_has_figures(void **state)
{
    (void)state;
    struct figures figures;
    const char *broken;
    assert_true(figures_read(&figures, &broken));
    assert_true(figures.memory_percent > 0 && figures.memory_percent <= 100);
    assert_true(figures.disk_percent >= 0 && figures.disk_percent <= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(busy_time_leaves_out_idle_and_iowait_and_counts_guests_once),
        cmocka_unit_test(a_cpu_line_that_is_short_or_something_else_is_refused),
        cmocka_unit_test(cpu_percent_is_the_busy_share_of_the_time_between),
        cmocka_unit_test(cpu_percent_stays_a_percentage_when_the_kernel_corrects_itself),
        cmocka_unit_test(cpu_percent_is_unknown_when_no_time_was_counted),
        cmocka_unit_test(memory_percent_is_what_is_not_available),
        cmocka_unit_test(memory_that_lacks_a_line_or_makes_no_sense_is_refused),
        cmocka_unit_test(network_bytes_are_those_of_all_interfaces_but_lo),
        cmocka_unit_test(a_machine_without_interfaces_has_sent_nothing),
        cmocka_unit_test(a_broken_network_table_is_refused),
        cmocka_unit_test(the_running_machine_has_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
