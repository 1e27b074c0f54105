/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Metric
 *
 * A name is looked up by halves in the sorted list.
 */

#include "mapping/metric.h"

#include <stdlib.h>

bool metric_takes_label(const struct metric *metric, struct slice name)
{
    if (metric->takes_any_label)
        return true;
    return metric->n_labels &&
           bsearch(&name, metric->labels, metric->n_labels, sizeof(*metric->labels), slice_order);
}
