/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Files
 *
 * The soft limit on open files is often 1024, to protect programs that use select(). The
 * hard limit is what the administrator allows, so the soft limit is raised to it.
 */

#include "daemon/files.h"

#include "base/log.h"
#include "base/places.h"

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

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Without those that are leaving: at most half. */
static uint64_t without_leaving(uint64_t n)
{
    return n - smaller(n / 2, PLACES_LEAVING_MAX);
}

struct files_shares files_share(uint64_t n_free, const struct files_shares *wanted)
{
    uint64_t n_http_max = wanted->n_http + PLACES_LEAVING_MAX;
    uint64_t n_http = smaller(n_http_max, n_free / 4);
    uint64_t n_streams = smaller(wanted->n_streams + PLACES_LEAVING_MAX, n_free - n_http);

    n_http = smaller(n_http_max, n_free - n_streams);
    return (struct files_shares){
        .n_streams = smaller(wanted->n_streams, without_leaving(n_streams)),
        .n_http = smaller(wanted->n_http, without_leaving(n_http)),
    };
}

static void warn_of_few(const char *text, uint64_t n, uint64_t n_wanted)
{
    if (n < n_wanted)
        log_warn(text, LOG_UINT("possible", n), LOG_TEXT("hint", "raise ulimit -n"));
}

void files_warn(const struct files_shares *shares, const struct files_shares *wanted,
                bool has_streams)
{
    if (has_streams)
        warn_of_few("fewer connections are possible than --limit.connections allows",
                    shares->n_streams, wanted->n_streams);
    warn_of_few("fewer connections are possible than --limit.http-connections allows",
                shares->n_http, wanted->n_http);
}
