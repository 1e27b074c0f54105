/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reserved names: all names that no sender may use
 */

#include "base/compiler.h"

#include <stdbool.h>

struct registry;

/* What decides which names udometer itself needs on the page of the series. */
struct reserved_names {
    bool has_self_page;      /* self-metrics are in no sender's way, and no sender is in theirs */
    bool has_exporter_names; /* as in struct selfmetrics */
};

/*
 * Reserve the names of a scraper's own series, and those of self-metrics. Returns 0, -ENOMEM, or
 * -EEXIST when one of them is already in use.
 */
MUST_CHECK int reserved_names_claim(struct registry *registry, const struct reserved_names *names);
