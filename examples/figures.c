/* Reads figures from /proc and the root file system. Knows nothing of JSON or HTTP. */
#include "figures.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

bool figures_parse_cpu(const char *text, struct cpu_times *cpu)
{
    /* Guest time, which follows steal, is counted in user and nice already. */
    uint64_t user, nice, system, idle, iowait, irq, softirq, steal;
    if (strncmp(text, "cpu ", 4) != 0 || /* cpu0 and so on are single cores */
        sscanf(text + 4,
               "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64,
               &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal) != 8)
        return false;
    cpu->busy = user + nice + system + irq + softirq + steal;
    cpu->total = cpu->busy + idle + iowait;
    return true;
}

double figures_cpu_percent(struct cpu_times before, struct cpu_times after)
{
    if (after.total <= before.total)
        return NAN;
    /* The kernel may correct idle time downwards: then busy time would be longer than all. */
    double busy = after.busy > before.busy ? (double)(after.busy - before.busy) : 0;
    double percent = 100 * busy / (double)(after.total - before.total);
    return percent < 100 ? percent : 100;
}

/* The number in a line such as "MemTotal:  24684092 kB". */
static bool find_line(const char *text, const char *name, uint64_t *value)
{
    const char *line = strstr(text, name);
    return line && sscanf(line + strlen(name), " %" SCNu64, value) == 1;
}

bool figures_parse_memory(const char *text, double *percent)
{
    uint64_t total, available;
    if (!find_line(text, "MemTotal:", &total) || !find_line(text, "MemAvailable:", &available) ||
        total == 0 || available > total)
        return false;
    *percent = 100 * (double)(total - available) / (double)total;
    return true;
}

bool figures_parse_network(const char *text, struct network_bytes *network)
{
    struct network_bytes sum = {0, 0};
    for (int heads = 0; heads < 2; heads++, text++)
        if (!(text = strchr(text, '\n')))
            return false;
    for (; *text; text++) {
        char name[64];
        uint64_t received, sent;
        if (sscanf(text, " %63[^:]: %" SCNu64 " %*u %*u %*u %*u %*u %*u %*u %" SCNu64, name,
                   &received, &sent) != 3)
            return false;
        if (strcmp(name, "lo") != 0) {
            sum.received += received;
            sum.sent += sent;
        }
        if (!(text = strchr(text, '\n')))
            break;
    }
    *network = sum;
    return true;
}

/* The counters of a disk as df shows them: what only root may fill counts as neither used nor free.
 */
static bool read_disk(double *percent)
{
    struct statvfs disk;
    if (statvfs("/", &disk) != 0 || disk.f_blocks == 0)
        return false;
    double used = (double)(disk.f_blocks - disk.f_bfree);
    double room = used + (double)disk.f_bavail;
    *percent = room > 0 ? 100 * used / room : 100;
    return true;
}

/* A file's beginning as text; what we want stands there. (/proc/stat is long on big machines.) */
static bool read_text(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t n = fread(text, 1, size - 1, file);
    text[n] = '\0';
    fclose(file);
    return n > 0;
}

bool figures_read(struct figures *figures, const char **broken)
{
    char text[65536];
    *broken = "/proc/stat";
    if (!read_text(*broken, text, sizeof text) || !figures_parse_cpu(text, &figures->cpu))
        return false;
    *broken = "/proc/meminfo";
    if (!read_text(*broken, text, sizeof text) ||
        !figures_parse_memory(text, &figures->memory_percent))
        return false;
    *broken = "/proc/net/dev";
    if (!read_text(*broken, text, sizeof text) || !figures_parse_network(text, &figures->network))
        return false;
    *broken = "the file system at /";
    return read_disk(&figures->disk_percent);
}
