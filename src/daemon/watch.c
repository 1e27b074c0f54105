/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Watch
 *
 * Looks at the files instead of asking the kernel for news of them (inotify): paths through
 * symbolic links, as Kubernetes makes and swaps them, files that do not exist yet, and disks of
 * other machines all work alike, and a look at a few files each second costs nothing that could be
 * measured. What a look finds is one number.
 */

#include "daemon/watch.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static uint64_t look_at(const char *path, uint64_t before)
{
    struct stat status;
    uint64_t facts[6] = { before };

    if (stat(path, &status) == 0) {
        facts[1] = status.st_dev;
        facts[2] = status.st_ino;
        facts[3] = (uint64_t)status.st_size;
        facts[4] = (uint64_t)status.st_mtim.tv_sec;
        facts[5] = (uint64_t)status.st_mtim.tv_nsec;
    }
    return hash_bytes((struct slice){ (const char *)facts, sizeof(facts) }, 0);
}

static uint64_t look_at_all(const struct watch *watch)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < watch->n; i++)
        sum = look_at(watch->paths[i], sum);
    return sum;
}

void watch_deinit(struct watch *watch)
{
    for (size_t i = 0; i < watch->n; i++)
        free(watch->paths[i]);
    free(watch->paths);
    *watch = (struct watch){ 0 };
}

void watch_begin(struct watch *watch)
{
    watch->seen = look_at_all(watch);
}

void watch_set(struct watch *watch, const char *const *paths, size_t n)
{
    bool has_changed = look_at_all(watch) != watch->seen;

    watch_deinit(watch);
    watch->paths = calloc(n + 1, sizeof(char *));
    for (size_t i = 0; i < n && watch->paths; i++) {
        watch->paths[watch->n] = strdup(paths[i]);
        watch->n += watch->paths[watch->n] != NULL;
    }
    watch->seen = look_at_all(watch);
    watch->loaded = has_changed ? ~watch->seen : watch->seen;
}

bool watch_has_changed(struct watch *watch)
{
    uint64_t before = watch->seen;

    watch->seen = look_at_all(watch);
    return watch->seen == before && watch->seen != watch->loaded;
}
