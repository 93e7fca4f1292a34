/* CPU is read from the processes' clocks, which are exact, and not from /proc/PID/stat, which
 * counts in ticks of 10 ms; only ended children stand nowhere else. Memory is read from
 * smaps_rollup. */
#include "bench/process.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool read_file(char *text, size_t size, const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t n = fread(text, 1, size - 1, file);
    fclose(file);
    text[n] = '\0';
    return n > 0;
}

static bool clock_of(pid_t pid, uint64_t *ns)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
        return false;
    *ns = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
    return true;
}

static bool add(struct processes *processes, pid_t pid)
{
    uint64_t ns;
    if (!clock_of(pid, &ns))
        return false;
    for (size_t i = 0; i < processes->count; i++)
        if (processes->pids[i] == pid)
            return true;
    if (processes->count < PROCESSES_LOOKED_AT)
        processes->pids[processes->count++] = pid;
    return true;
}

/* Those that its first thread has, as is usual. */
static void add_children(struct processes *processes, pid_t pid)
{
    char path[64], text[16384];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    if (!read_file(text, sizeof text, path))
        return;
    char *rest = text;
    for (long child = strtol(rest, &rest, 10); child > 0; child = strtol(rest, &rest, 10))
        add(processes, (pid_t)child);
}

bool processes_find(struct processes *processes, const pid_t *named, size_t count, pid_t *missing)
{
    processes->count = 0;
    for (size_t i = 0; i < count; i++) {
        *missing = named[i];
        if (!add(processes, named[i]))
            return false;
    }
    for (size_t i = 0; i < processes->count; i++) /* grows on the way */
        add_children(processes, processes->pids[i]);
    return true;
}

static bool read_kib(const char *text, const char *name, uint64_t *kib)
{
    const char *line = strstr(text, name);
    return line && sscanf(line + strlen(name), "%" SCNu64, kib) == 1;
}

bool processes_own(const struct processes *processes, uint64_t *bytes)
{
    char path[64], text[4096];
    uint64_t anonymous, shared;
    *bytes = 0;
    for (size_t i = 0; i < processes->count; i++) {
        snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)processes->pids[i]);
        if (!read_file(text, sizeof text, path) || !read_kib(text, "\nPss_Anon:", &anonymous) ||
            !read_kib(text, "\nPss_Shmem:", &shared))
            return false;
        *bytes += (anonymous + shared) * 1024;
    }
    return processes->count > 0;
}

/* CPU of the children that ended and were waited for. */
static bool cpu_of_ended(pid_t pid, uint64_t *ns)
{
    char path[64], text[1024];
    uint64_t user, system;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (!read_file(text, sizeof text, path))
        return false;
    /* The second field is the program's name in parentheses, which may hold anything. */
    const char *fields = strrchr(text, ')');
    if (!fields ||
        sscanf(fields, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
               &user, &system) != 2)
        return false;
    *ns = (user + system) * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
    return true;
}

bool processes_cpu(const struct processes *processes, uint64_t *ns)
{
    uint64_t own, ended;
    *ns = 0;
    for (size_t i = 0; i < processes->count; i++) {
        if (!clock_of(processes->pids[i], &own) || !cpu_of_ended(processes->pids[i], &ended))
            return false;
        *ns += own + ended;
    }
    return processes->count > 0;
}
