/* The phases of a run stand one after the other in play(); each turns the loop until it is done.
 * The streams are this process's own part, or the crew's. One thread. */
#include "bench/run.h"

#include "bench/crew.h"
#include "bench/now.h"
#include "bench/process.h"
#include "bench/publishers.h"
#include "bench/report.h"
#include "bench/view.h"

#include "base/check.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>

static const double memory_every = 0.5, silence_at_end = 0.3;

struct run {
    const struct plan *plan;
    struct ev_loop *loop;
    struct payload payload;
    struct crew crew;
    const struct tally *sum; /* the crew's, of all streams */
    struct publishers publishers;
    struct processes server;
    struct report report;
    uint64_t expected; /* deliveries up to the end of the phase */
    uint64_t started_ns;
    ev_timer tick; /* keeps the loop turning where nothing happens */
    struct view view;
    uint64_t memory_ns; /* of the last look at the server's memory */
    bool tired;         /* a phase was given up */
};

static volatile sig_atomic_t asked; /* the signal that asked the run to end */

static void on_signal(int number)
{
    asked = number;
}

static void ticked(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)timer;
    (void)events;
}

static double server_own(const struct run *run)
{
    uint64_t bytes;
    return processes_own(&run->server, &bytes) ? (double)bytes : -1;
}

/* In microseconds. */
static double server_cpu(const struct run *run)
{
    uint64_t ns;
    return processes_cpu(&run->server, &ns) ? (double)ns / 1000 : -1;
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
    double own = server_own(run);
    if (own > run->report.server.own_peak)
        run->report.server.own_peak = own;
    run->memory_ns = now_ns();
}

/* ---- when a phase is over ---- */

static bool all_open(const struct run *run)
{
    return run->sum->open + run->sum->failed >= run->plan->streams;
}

static bool all_published(const struct run *run)
{
    return run->publishers.answered >= run->publishers.to - run->publishers.from;
}

static bool all_delivered(const struct run *run)
{
    return run->sum->reached >= run->expected;
}

static bool all_published_and_delivered(const struct run *run)
{
    return all_published(run) && all_delivered(run);
}

static bool all_open_and_delivered(const struct run *run)
{
    return all_open(run) && all_delivered(run); /* those that are stuck have nothing to deliver */
}

static bool never(const struct run *run)
{
    (void)run;
    return false;
}

static void show_progress(struct run *run, uint64_t now)
{
    struct view *view = &run->view;
    view->open = run->sum->open;
    view->streams = run->plan->streams;
    view->published = run->publishers.answered;
    view->events = run->publishers.to - run->publishers.from;
    view->delivered = run->sum->reached;
    view->expected = run->expected;
    view_tick(view, now);
}

/* Turns the loop until `done`, or, with seconds > 0, for that long at most. Gives the run up when
 * publishing failed, nothing has moved for the plan's patience, the time of the run is up, or a
 * signal asks. */
static void turn_until(struct run *run, const char *phase, bool (*done)(const struct run *),
                       double seconds)
{
    const struct plan *plan = run->plan;
    uint64_t begun_ns = now_ns(), moved_ns = begun_ns, moved = 0;
    view_begin(&run->view, phase, begun_ns, seconds);
    while (!run->tired && !done(run)) {
        ev_run(run->loop, EVRUN_ONCE);
        uint64_t now = now_ns();
        if (seconds > 0 && seconds_between(begun_ns, now) >= seconds)
            return;
        show_progress(run, now);
        if (run->publishers.all && seconds_between(run->memory_ns, now) >= memory_every)
            look_at_memory(run);
        uint64_t sum = run->sum->bytes + run->publishers.answered + run->sum->failed;
        if (sum != moved) {
            moved = sum;
            moved_ns = now;
        }
        if (asked)
            give_up(run, "given up while %s: SIG%s", phase, sigabbrev_np(asked));
        else if (run->crew.trouble[0])
            give_up(run, "%s", run->crew.trouble);
        else if (run->publishers.failure[0])
            give_up(run, "%s", run->publishers.failure);
        else if ((now - run->started_ns) / 1000000 > plan->time_limit_ms)
            give_up(run, "given up while %s: %.0f s are over", phase,
                    (double)plan->time_limit_ms / 1000);
        else if (seconds <= 0 && (now - moved_ns) / 1000000 > plan->patience_ms)
            give_up(run, "given up while %s: nothing came for %.1f s", phase,
                    (double)plan->patience_ms / 1000);
    }
}

/* ---- phases ---- */

static void note_opened(struct run *run, uint64_t begun_ns)
{
    run->report.open = run->sum->open;
    run->report.failed = run->sum->failed;
    run->report.connect_seconds = seconds_between(begun_ns, run->sum->opened_ns);
}

static void open_streams(struct run *run)
{
    uint64_t begun_ns = now_ns();
    double cpu = server_cpu(run);
    crew_order(&run->crew, &(struct part_order){.deed = PART_OPEN, .at_once = run->plan->at_once});
    turn_until(run, "opening streams", all_open, 0);
    note_opened(run, begun_ns);
    run->report.server.connect_cpu_us = cpu_each(run, cpu, run->sum->open);
    if (run->sum->failed && !run->tired)
        give_up(run, "%s", run->sum->trouble);
}

static void settle(struct run *run)
{
    if (run->plan->settle_ms)
        turn_until(run, "idling", never, (double)run->plan->settle_ms / 1000);
}

/* Publishes the events from `from` up to before `to`, with `done` telling when that is over. */
static void publish(struct run *run, uint64_t from, uint64_t to, const char *phase,
                    bool (*done)(const struct run *))
{
    struct publishers *publishers = &run->publishers;
    struct layout layout = run->plan->layout;
    if (run->tired)
        return;
    layout.events = to;
    run->expected = layout_expected(&layout, 0, run->plan->subscribers);
    publishers_open(publishers, run->plan, &run->payload, run->loop, from, to);
    turn_until(run, phase, done, 0);
    look_at_memory(run);
    run->report.publish_seconds = seconds_between(publishers->started_ns, publishers->newest_ns);
    run->report.published = publishers->answered;
    run->report.unanswered = publishers->sent - publishers->answered;
    run->report.answers = publishers->answers;
}

/* What the generator's busiest process does is watched while events are delivered. */
static void deliver(struct run *run, uint64_t begun_ns, const char *phase,
                    void (*phases)(struct run *run, const char *phase))
{
    struct report *report = &run->report;
    struct tally before = *run->sum;
    double cpu = server_cpu(run);
    uint64_t own_ns = own_cpu_ns();
    crew_mark(&run->crew);
    phases(run, phase);
    uint64_t busiest_ns = own_cpu_ns() - own_ns;
    if (run->crew.busiest_ns > busiest_ns)
        busiest_ns = run->crew.busiest_ns;
    double wall = seconds_between(begun_ns, now_ns());
    report->busiest_core = wall > 0 ? (double)busiest_ns / 1e9 / wall : 0;
    report->delivered = run->sum->delivered - before.delivered;
    report->delivered_bytes = run->sum->bytes - before.bytes;
    report->delivery_seconds =
        report->delivered ? seconds_between(begun_ns, run->sum->newest_ns) : 0;
    report->server.delivery_cpu_us = cpu_each(run, cpu, report->delivered);
    if (run->plan->when == WHEN_LIVE)
        report->server.publish_cpu_us = cpu_each(run, cpu, run->publishers.answered);
}

static void publish_live(struct run *run, const char *phase)
{
    publish(run, 0, run->plan->events, phase, all_published_and_delivered);
}

/* All streams are opened at once, and read what was published before. */
static void come_back(struct run *run, const char *phase)
{
    uint64_t since_ns = now_ns();
    crew_order(&run->crew, &(struct part_order){.deed = PART_OPEN,
                                                .at_once = run->plan->streams,
                                                .since_ns = since_ns});
    turn_until(run, phase, all_open_and_delivered, 0);
    look_at_memory(run);
    note_opened(run, since_ns);
}

static void play_live(struct run *run)
{
    open_streams(run);
    settle(run);
    run->report.server.own_idle = server_own(run);
    if (!run->tired)
        deliver(run, now_ns(), "delivering", publish_live);
}

/* One event a channel comes first, so that each stream has a position to come back with. */
static void play_return(struct run *run)
{
    const struct plan *plan = run->plan;
    open_streams(run);
    settle(run);
    run->report.server.own_idle = server_own(run);
    publish(run, 0, plan->first, "delivering one event", all_published_and_delivered);
    publishers_close(&run->publishers);
    crew_order(&run->crew, &(struct part_order){.deed = PART_LEAVE});
    settle(run);
    publish(run, plan->first, plan->first + plan->events, "publishing", all_published);
    if (!run->tired)
        deliver(run, now_ns(), "catching up", come_back);
}

static void play_after(struct run *run)
{
    double cpu = server_cpu(run);
    publish(run, 0, run->plan->events, "publishing", all_published);
    run->report.server.publish_cpu_us = cpu_each(run, cpu, run->publishers.answered);
    settle(run);
    run->report.server.own_published = server_own(run);
    if (!run->tired)
        deliver(run, now_ns(), "catching up", come_back);
}

/* What is still on its way, or comes twice, is counted, however the run went. */
static void linger(struct run *run)
{
    uint64_t begun_ns = now_ns();
    while (seconds_between(begun_ns, now_ns()) < silence_at_end)
        ev_run(run->loop, EVRUN_ONCE);
}

static void play(struct run *run)
{
    struct report *report = &run->report;
    const struct plan *plan = run->plan;
    report->server.own_before = server_own(run);
    look_at_memory(run);
    switch (plan->when) {
    case WHEN_LIVE:
        play_live(run);
        break;
    case WHEN_RETURN:
        play_return(run);
        break;
    default:
        play_after(run);
    }
    /* What was not published, since the run was given up, is not lost. */
    uint64_t published = run->publishers.from + run->publishers.answered;
    linger(run);
    crew_order(&run->crew, &(struct part_order){.deed = PART_END, .events = published});
    report->complete = !run->tired;
    if (!report->failure[0])
        snprintf(report->failure, sizeof report->failure, "%s", run->sum->trouble);
    struct layout layout = plan->layout, first = plan->layout;
    layout.events = published;
    first.events = published < plan->first ? published : plan->first;
    report->expected = layout_expected(&layout, 0, plan->subscribers) -
                       layout_expected(&first, 0, plan->subscribers);
    report->sum = *run->sum;
    report->own_cpu_seconds = (double)(own_cpu_ns() + run->crew.sum.cpu_ns) / 1e9;
}

/* ---- beginning and end ---- */

static bool begin(struct run *run, const struct plan *plan)
{
    pid_t missing;
    *run = (struct run){.plan = plan, .started_ns = now_ns()};
    run->report = (struct report){.plan = plan, .server = REPORT_SERVER_UNKNOWN};
    if (!processes_find(&run->server, plan->pids, plan->pid_count, &missing)) {
        fprintf(stderr, "freshet bench: --pid %d: there is no such process\n", (int)missing);
        return false;
    }
    run->report.processes = run->server.count;
    size_t before = (size_t)(strstr(plan->event_data, "{data}") - plan->event_data);
    payload_init(&run->payload, plan->size, (struct span){plan->event_data, before},
                 span_from(plan->event_data + before + sizeof "{data}" - 1));
    run->payload.since_ns = run->started_ns;
    if (!crew_start(&run->crew, plan, &run->payload)) {
        fprintf(stderr, "freshet bench: %s\n", run->crew.trouble);
        return false;
    }
    run->loop = ev_default_loop(0);
    CHECK(run->loop);
    crew_watch(&run->crew, run->loop);
    run->sum = &run->crew.sum;
    ev_timer_init(&run->tick, ticked, 0.1, 0.1);
    ev_timer_start(run->loop, &run->tick);
    return true;
}

int bench_run(const struct plan *plan)
{
    static struct run run;
    struct rlimit files;
    const struct sigaction action = {.sa_handler = on_signal};
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (!begin(&run, plan))
        return 2;
    play(&run);
    view_end(&run.view);
    report_print(&run.report);
    publishers_close(&run.publishers);
    crew_end(&run.crew);
    payload_fini(&run.payload);
    return report_good(&run.report) ? 0 : 1;
}
