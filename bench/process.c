/* Reads /proc/PID/smaps_rollup and /proc/PID/stat. */
#include "process.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool read_file(pid_t pid, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t n = fread(text, 1, size - 1, file);
    fclose(file);
    text[n] = '\0';
    return n > 0;
}

bool process_pss(pid_t pid, uint64_t *bytes)
{
    char text[4096];
    uint64_t kib;
    if (!read_file(pid, "smaps_rollup", text, sizeof text))
        return false;
    const char *line = strstr(text, "\nPss:");
    if (!line || sscanf(line, "\nPss: %" SCNu64, &kib) != 1)
        return false;
    *bytes = kib * 1024;
    return true;
}

bool process_cpu(pid_t pid, uint64_t *us)
{
    char text[1024];
    uint64_t user, system;
    if (!read_file(pid, "stat", text, sizeof text))
        return false;
    /* The second field is the program's name in parentheses, which may hold anything. */
    const char *fields = strrchr(text, ')');
    if (!fields ||
        sscanf(fields, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64, &user,
               &system) != 2)
        return false;
    *us = (user + system) * 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
    return true;
}
