/* A member that cannot send its tally at once sends the next one instead; only what answers an
 * order must arrive. A member dies with the first process. */
#include "bench/crew.h"

#include "bench/now.h"

#include "base/check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const double telling_every = 0.02;

struct crew_member {
    struct crew *crew;
    pid_t pid;
    ev_io io;
    struct tally tally;
    uint64_t marked_ns; /* its CPU time at the mark */
};

/* ---- a member's own side ---- */

struct member_run {
    struct part part;
    struct ev_loop *loop;
    ev_io orders;
    ev_timer telling;
};

static void tell(struct member_run *run, int flags)
{
    struct tally *tally = &run->part.tally;
    tally->cpu_ns = own_cpu_ns();
    if (send(run->orders.fd, tally, sizeof *tally, flags | MSG_NOSIGNAL) < 0 && errno != EAGAIN &&
        errno != EINTR)
        ev_break(run->loop, EVBREAK_ALL);
}

static void tell_in_between(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    tell(CONTAINER_OF(timer, struct member_run, telling), MSG_DONTWAIT);
}

static void ordered(struct ev_loop *loop, ev_io *io, int events)
{
    struct member_run *run = CONTAINER_OF(io, struct member_run, orders);
    struct part_order order;
    (void)events;
    ssize_t n = recv(io->fd, &order, sizeof order, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n != sizeof order) { /* the first process is done */
        ev_break(loop, EVBREAK_ALL);
        return;
    }
    part_obey(&run->part, &order);
    tell(run, 0);
}

static _Noreturn void be_member(const struct plan *plan, const struct payload *payload,
                                size_t index, int fd, pid_t first)
{
    static struct member_run run;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGINT, SIG_IGN); /* a terminal sends it to all; the first process knows what to do */
    signal(SIGTERM, SIG_IGN);
    if (getppid() != first)
        _exit(1);
    run.loop = ev_default_loop(0);
    CHECK(run.loop);
    part_init(&run.part, plan, payload, index, run.loop);
    ev_io_init(&run.orders, ordered, fd, EV_READ);
    ev_set_priority(&run.orders, EV_MAXPRI);
    ev_io_start(run.loop, &run.orders);
    ev_timer_init(&run.telling, tell_in_between, telling_every, telling_every);
    ev_timer_start(run.loop, &run.telling);
    ev_run(run.loop, 0);
    part_fini(&run.part);
    exit(0);
}

/* ---- the first process's side ---- */

static bool start_one(struct crew *crew, size_t index, const struct plan *plan,
                      const struct payload *payload)
{
    int ends[2];
    pid_t first = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        for (size_t i = 0; i < index; i++)
            close(crew->members[i].io.fd);
        be_member(plan, payload, index, ends[1], first);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return false;
    }
    crew->members[index] = (struct crew_member){.crew = crew, .pid = pid};
    crew->members[index].io.fd = ends[0];
    crew->count++;
    return true;
}

bool crew_start(struct crew *crew, const struct plan *plan, const struct payload *payload)
{
    *crew = (struct crew){0};
    crew->members = memory_new((plan->processes + 1) * sizeof *crew->members);
    for (size_t i = 0; i < plan->processes; i++)
        if (!start_one(crew, i, plan, payload)) {
            snprintf(crew->trouble, sizeof crew->trouble, "no process for the subscribers: %s",
                     strerror(errno));
            return false;
        }
    return true;
}

static void lose(struct crew_member *member)
{
    struct crew *crew = member->crew;
    if (!crew->trouble[0])
        snprintf(crew->trouble, sizeof crew->trouble, "process %d of the generator ended",
                 (int)member->pid);
    ev_io_stop(crew->loop, &member->io);
}

static void sum_up(struct crew *crew)
{
    crew->sum = (struct tally){0};
    crew->busiest_ns = 0;
    for (size_t i = 0; i < crew->count; i++) {
        const struct tally *tally = &crew->members[i].tally;
        tally_add(&crew->sum, tally);
        uint64_t cpu_ns = tally->cpu_ns - crew->members[i].marked_ns;
        if (cpu_ns > crew->busiest_ns)
            crew->busiest_ns = cpu_ns;
    }
}

/* False if the member is gone. */
static bool take_tally(struct crew_member *member, int flags)
{
    ssize_t n = recv(member->io.fd, &member->tally, sizeof member->tally, flags);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n != sizeof member->tally) {
        lose(member);
        return false;
    }
    return true;
}

static void told(struct ev_loop *loop, ev_io *io, int events)
{
    struct crew_member *member = CONTAINER_OF(io, struct crew_member, io);
    (void)loop;
    (void)events;
    if (take_tally(member, MSG_DONTWAIT))
        sum_up(member->crew);
}

void crew_watch(struct crew *crew, struct ev_loop *loop)
{
    crew->loop = loop;
    for (size_t i = 0; i < crew->count; i++) {
        ev_io_init(&crew->members[i].io, told, crew->members[i].io.fd, EV_READ);
        ev_io_start(loop, &crew->members[i].io);
    }
}

void crew_order(struct crew *crew, struct part_order *order)
{
    order->number = ++crew->orders;
    for (size_t i = 0; i < crew->count; i++)
        if (send(crew->members[i].io.fd, order, sizeof *order, MSG_NOSIGNAL) != sizeof *order)
            lose(&crew->members[i]);
    for (size_t i = 0; i < crew->count && !crew->trouble[0]; i++)
        while (crew->members[i].tally.order < order->number && take_tally(&crew->members[i], 0))
            ;
    sum_up(crew);
}

void crew_mark(struct crew *crew)
{
    for (size_t i = 0; i < crew->count; i++)
        crew->members[i].marked_ns = crew->members[i].tally.cpu_ns;
    crew->busiest_ns = 0;
}

void crew_end(struct crew *crew)
{
    for (size_t i = 0; i < crew->count; i++) {
        if (crew->loop)
            ev_io_stop(crew->loop, &crew->members[i].io);
        close(crew->members[i].io.fd);
    }
    for (size_t i = 0; i < crew->count; i++)
        waitpid(crew->members[i].pid, NULL, 0);
    free(crew->members);
    crew->members = NULL;
    crew->count = 0;
}
