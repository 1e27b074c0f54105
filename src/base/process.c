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
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static double cpu_seconds(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) < 0)
        return 0;
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* proc(5): /proc/self/statm begins with the numbers of all pages and of resident pages. */
static void read_memory(struct process_stats *stats)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0, resident = 0;
    uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);

    if (!file)
        return;
    if (fscanf(file, "%lu %lu", &pages, &resident) == 2) {
        stats->virtual_bytes = pages * page_size;
        stats->resident_bytes = resident * page_size;
    }
    fclose(file);
}

/* The number of entries of a folder in /proc, without "." and "..". */
static uint64_t count_entries(const char *path)
{
    /* Not opendir(), which ThreadSanitizer does not see take a number that another closed. */
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    uint64_t n = 0;

    if (!folder) {
        if (fd >= 0)
            close(fd);
        return 0;
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
    uint64_t n_fds = count_entries("/proc/self/fd");

    read_memory(&stats);
    stats.open_fds = n_fds ? n_fds - 1 : 0; /* one is the folder itself */
    stats.threads = count_entries("/proc/self/task");
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        stats.max_fds = limit.rlim_cur;
    return stats;
}
