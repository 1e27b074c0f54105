/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Process
 *
 * Read at each scrape from getrusage() and /proc/self, as Prometheus' client
 * libraries do.
 */

#include "base/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static double cpu_seconds(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) < 0)
        return NAN;
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* proc(5): /proc/self/statm begins with the numbers of all pages and of resident pages. */
static void read_memory(struct process_stats *stats)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0, resident = 0;
    double page_size = (double)sysconf(_SC_PAGESIZE);

    stats->virtual_bytes = stats->resident_bytes = NAN;
    if (!file)
        return;
    if (fscanf(file, "%lu %lu", &pages, &resident) == 2) {
        stats->virtual_bytes = (double)pages * page_size;
        stats->resident_bytes = (double)resident * page_size;
    }
    fclose(file);
}

/* The number of entries of a folder in /proc, without "." and "..". */
static double count_entries(const char *path)
{
    /* Not opendir(), which ThreadSanitizer does not see take a number that another closed. */
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    double n = 0;

    if (!folder) {
        if (fd >= 0)
            close(fd);
        return NAN;
    }
    while ((entry = readdir(folder)))
        n += entry->d_name[0] != '.';
    closedir(folder);
    return n;
}

struct process_stats process_read(void)
{
    struct process_stats stats = { .cpu_seconds = cpu_seconds() };
    struct rlimit limit;

    read_memory(&stats);
    stats.open_fds = count_entries("/proc/self/fd") - 1; /* one is the folder itself */
    stats.threads = count_entries("/proc/self/task");
    stats.max_fds = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (double)limit.rlim_cur : NAN;
    return stats;
}
