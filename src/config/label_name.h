/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Label name: whether a file names a label that a metric can have
 */

#include "base/sample_type.h"
#include "config/draft.h"

/*
 * Whether @node is the name of a label that a metric of @type can have: a Prometheus name that does
 * not begin with two underscores, and is not the metric's own label. METRIC_NONE: of any metric. If
 * not, adds a problem; @key is the key that it belongs to.
 */
MUST_CHECK bool label_name_check(struct draft *draft, const char *key, const struct node *node,
                                 enum metric_type type);
