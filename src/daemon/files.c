/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Files
 *
 * The soft limit on open files is often 1024, to protect programs that use select(). The
 * hard limit is what the administrator allows, so the soft limit is raised to it.
 */

#include "daemon/files.h"

#include "base/log.h"

#include <errno.h>
#include <sys/resource.h>

int files_allow(uint64_t n_needed, uint64_t *ret_n_free)
{
    struct rlimit limit;

    *ret_n_free = UINT64_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 0;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max > n_needed) {
        *ret_n_free = limit.rlim_max - n_needed;
        return 0;
    }
    log_error("the limit on open files is too low", LOG_UINT("allowed", limit.rlim_max),
              LOG_UINT("needed", n_needed), LOG_TEXT("hint", "raise ulimit -n"));
    return -EMFILE;
}
