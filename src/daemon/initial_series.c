/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Initial series
 *
 * A refused one does not keep the daemon from starting: its samples are counted elsewhere too.
 */

#include "daemon/initial_series.h"

#include "base/log.h"
#include "ingest/declare.h"

void initial_series_declare(struct registry *registry, const struct mapping *mapping)
{
    struct declare_refusal first;
    size_t n_refused = declare_series(registry, mapping, &first);

    if (n_refused)
        log_warn("some initial series of the config are refused", LOG_UINT("series", n_refused),
                 LOG_SLICE("first", first.metric->name),
                 LOG_TEXT("reason", verdict_reason(first.reason)),
                 LOG_TEXT("hint", "check its name, and the limits"));
}
