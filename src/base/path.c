/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Path
 *
 * "No such file or directory" does not say which. The folders of a path are tried from the first
 * to the last.
 */

#include "base/path.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

struct slice path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return SLICE(".");
    return (struct slice){ path, slash == path ? 1 : (size_t)(slash - path) };
}

static bool exists(const char *path, size_t len)
{
    char folder[PATH_MAX];
    struct stat status;

    if (len >= sizeof(folder))
        return true;
    memcpy(folder, path, len);
    folder[len] = '\0';
    return stat(folder, &status) == 0 || errno != ENOENT;
}

bool path_is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

struct slice path_missing_folder(const char *path)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/'))
        if (slash > path && !exists(path, (size_t)(slash - path)))
            return (struct slice){ path, (size_t)(slash - path) };
    return SLICE("");
}
