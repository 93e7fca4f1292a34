/* bench/load: opens streams to a hub, publishes, checks every delivery and measures. The phases of
 * a run stand one after the other in play(); each turns the loop until it is done. One thread. */
#include "check.h"
#include "now.h"
#include "options.h"
#include "process.h"
#include "publishers.h"
#include "report.h"
#include "subscribers.h"

#include "base/check.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static const double progress_every = 0.2, memory_every = 0.5, silence_at_end = 0.3;

struct run {
    struct options options;
    struct ev_loop *loop;
    struct payload payload;
    struct check check;
    struct subscribers subscribers;
    struct publishers publishers;
    struct report report;
    uint64_t expected; /* deliveries in all */
    uint64_t started_ns;
    ev_timer tick; /* keeps the loop turning where nothing happens */
    const char *phase;
    uint64_t phase_ns;
    uint64_t progress_ns; /* of the last progress line */
    uint64_t memory_ns;   /* of the last look at the server's memory */
    bool tired;           /* a phase was given up */
};

static void ticked(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)timer;
    (void)events;
}

static double server_pss(const struct run *run)
{
    uint64_t bytes;
    return run->options.pid && process_pss(run->options.pid, &bytes) ? (double)bytes : -1;
}

static double server_cpu(const struct run *run)
{
    uint64_t us;
    return run->options.pid && process_cpu(run->options.pid, &us) ? (double)us : -1;
}

/* CPU since `before` for each of `count`. */
static double cpu_each(const struct run *run, double before, uint64_t count)
{
    double after = server_cpu(run);
    return before >= 0 && after >= 0 && count ? (after - before) / (double)count : -1;
}

__attribute__((format(printf, 2, 3))) static void give_up(struct run *run, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(run->report.failure, sizeof run->report.failure, format, arguments);
    va_end(arguments);
    run->tired = true;
}

static void look_at_memory(struct run *run)
{
    double pss = server_pss(run);
    if (pss > run->report.server.pss_peak)
        run->report.server.pss_peak = pss;
    run->memory_ns = now_ns();
}

static void show_progress(struct run *run)
{
    uint64_t now = now_ns();
    double seconds = seconds_between(run->phase_ns, now);
    char left[32] = "";
    uint64_t done = run->publishers.answered, all = run->options.events;
    if (run->publishers.all && done > 0 && done < all)
        snprintf(left, sizeof left, ", %.0f s left", seconds / (double)done * (double)(all - done));
    report_progress("%s %.0f s: %zu/%zu streams, %llu/%llu events%s, %llu/%llu deliveries",
                    run->phase, seconds, run->subscribers.open, run->subscribers.count,
                    (unsigned long long)done, (unsigned long long)all, left,
                    (unsigned long long)run->check.delivered, (unsigned long long)run->expected);
    run->progress_ns = now;
}

static bool all_open(const struct run *run)
{
    return run->subscribers.open + run->subscribers.failed >= run->subscribers.count;
}

static bool all_published(const struct run *run)
{
    return run->publishers.answered >= run->options.events;
}

static bool all_delivered(const struct run *run)
{
    return run->check.reached >= run->expected;
}

static bool all_published_and_delivered(const struct run *run)
{
    return all_published(run) && all_delivered(run);
}

static bool never(const struct run *run)
{
    (void)run;
    return false;
}

/* Turns the loop until `done`, or, with seconds > 0, for that long at most. Gives the run up when
 * publishing failed, nothing has moved for `patience`, or the time of the run is up. */
static void turn_until(struct run *run, const char *phase, bool (*done)(const struct run *),
                       double seconds)
{
    uint64_t moved_ns = now_ns(), moved = 0;
    run->phase = phase;
    run->phase_ns = moved_ns;
    while (!run->tired && !done(run)) {
        ev_run(run->loop, EVRUN_ONCE);
        uint64_t now = now_ns();
        if (seconds > 0 && seconds_between(run->phase_ns, now) >= seconds)
            return;
        if (seconds_between(run->progress_ns, now) >= progress_every)
            show_progress(run);
        if (run->publishers.all && seconds_between(run->memory_ns, now) >= memory_every)
            look_at_memory(run);
        uint64_t sum = run->subscribers.bytes + run->publishers.answered + run->subscribers.failed;
        if (sum != moved) {
            moved = sum;
            moved_ns = now;
        }
        if (run->publishers.failure[0])
            give_up(run, "%s", run->publishers.failure);
        else if (seconds_between(run->started_ns, now) > run->options.time_limit)
            give_up(run, "given up while %s: %.0f s are over", phase, run->options.time_limit);
        else if (seconds <= 0 && seconds_between(moved_ns, now) > run->options.patience)
            give_up(run, "given up while %s: nothing came for %.0f s", phase,
                    run->options.patience);
    }
}

static void open_streams(struct run *run)
{
    uint64_t begun_ns = now_ns();
    double cpu = server_cpu(run);
    subscribers_open(&run->subscribers, run->options.at_once);
    turn_until(run, "opening streams", all_open, 0);
    run->report.open = run->subscribers.open;
    run->report.failed = run->subscribers.failed;
    run->report.connect_seconds = seconds_between(begun_ns, run->subscribers.opened_ns);
    run->report.server.connect_cpu_us = cpu_each(run, cpu, run->subscribers.open);
    if (run->subscribers.failed)
        give_up(run, "%s", run->subscribers.failure);
}

static void settle(struct run *run)
{
    if (run->options.settle > 0)
        turn_until(run, "idling", never, run->options.settle);
}

/* Publishes all, with `done` telling when that is over. */
static void publish(struct run *run, const char *phase, bool (*done)(const struct run *))
{
    if (run->tired)
        return;
    publishers_open(&run->publishers, &run->options, &run->payload, run->loop);
    turn_until(run, phase, done, 0);
    look_at_memory(run);
    struct publishers *publishers = &run->publishers;
    run->report.publish_seconds = seconds_between(publishers->started_ns, publishers->newest_ns);
    run->report.answered = publishers->answered;
    run->report.answer_p50_ns = histogram_at(&publishers->answers, 0.5);
    run->report.answer_p99_ns = histogram_at(&publishers->answers, 0.99);
}

static void play_live(struct run *run)
{
    open_streams(run);
    settle(run);
    run->report.server.pss_idle = server_pss(run);
    double cpu = server_cpu(run);
    publish(run, "delivering", all_published_and_delivered);
    run->report.server.delivery_cpu_us = cpu_each(run, cpu, run->check.delivered);
    run->report.delivery_seconds =
        seconds_between(run->publishers.started_ns, run->check.newest_ns);
}

/* All streams are opened at once, and read what was published before. */
static void catch_up(struct run *run)
{
    double cpu = server_cpu(run);
    run->check.since_ns = now_ns();
    if (run->tired)
        return;
    subscribers_open(&run->subscribers, run->subscribers.count);
    turn_until(run, "catching up", all_delivered, 0);
    look_at_memory(run);
    run->report.open = run->subscribers.open;
    run->report.failed = run->subscribers.failed;
    run->report.connect_seconds = seconds_between(run->check.since_ns, run->subscribers.opened_ns);
    run->report.delivery_seconds = seconds_between(run->check.since_ns, run->check.newest_ns);
    run->report.server.delivery_cpu_us = cpu_each(run, cpu, run->check.delivered);
}

static void play_return(struct run *run)
{
    open_streams(run);
    settle(run);
    run->report.server.pss_idle = server_pss(run);
    subscribers_leave(&run->subscribers);
    settle(run);
    publish(run, "publishing", all_published);
    catch_up(run);
}

static void play_after(struct run *run)
{
    double cpu = server_cpu(run);
    publish(run, "publishing", all_published);
    run->report.server.publish_cpu_us = cpu_each(run, cpu, run->publishers.answered);
    settle(run);
    run->report.server.pss_published = server_pss(run);
    catch_up(run);
}

static void play(struct run *run)
{
    run->report.server.pss_before = server_pss(run);
    look_at_memory(run);
    switch (run->options.when) {
    case WHEN_LIVE:
        play_live(run);
        break;
    case WHEN_RETURN:
        play_return(run);
        break;
    case WHEN_AFTER:
        play_after(run);
        break;
    }
    turn_until(run, "listening for repeats", never, silence_at_end);
    check_finish(&run->check);
    run->report.complete = !run->tired;
    run->report.ended = run->subscribers.ended;
    run->report.gaps = run->subscribers.gaps;
    run->report.bytes = run->subscribers.bytes;
    if (!run->report.failure[0])
        memcpy(run->report.failure, run->subscribers.failure, sizeof run->subscribers.failure);
}

static void poll_publishers(void *context)
{
    publishers_poll(context);
}

static void run_init(struct run *run, int argc, char **argv)
{
    options_read(&run->options, argc, argv);
    run->loop = ev_default_loop(0);
    CHECK(run->loop);
    payload_init(&run->payload, run->options.size);
    run->check = (struct check){.channels = run->options.channels,
                                .per_stream = run->options.per_stream,
                                .stride = run->options.stride,
                                .events = run->options.events,
                                .streams = run->options.subscribers};
    check_init(&run->check);
    run->expected = check_expected(&run->check);
    subscribers_init(&run->subscribers, &run->options, &run->payload, &run->check, run->loop);
    run->subscribers.between = poll_publishers;
    run->subscribers.context = &run->publishers;
    run->report = (struct report){.options = &run->options,
                                  .check = &run->check,
                                  .expected = run->expected,
                                  .server = {-1, -1, -1, -1, -1, -1, -1}};
    run->started_ns = now_ns();
    ev_timer_init(&run->tick, ticked, 0.1, 0.1);
    ev_timer_start(run->loop, &run->tick);
}

int main(int argc, char **argv)
{
    static struct run run;
    struct rlimit files;
    signal(SIGPIPE, SIG_IGN);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    run_init(&run, argc, argv);
    play(&run);
    report_progress("%s", "");
    if (run.options.json)
        report_print_json(&run.report);
    else
        report_print(&run.report);
    bool good = report_good(&run.report);
    subscribers_fini(&run.subscribers);
    publishers_close(&run.publishers);
    check_fini(&run.check);
    payload_fini(&run.payload);
    return good ? 0 : 1;
}
