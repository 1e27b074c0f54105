/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * OpenMetrics: the OpenMetrics text format, version 1.0
 *
 * https://prometheus.io/docs/specs/om/open_metrics_spec/ is its specification.
 *
 * A counter's samples end in _total there, and its family has the name without it. So a counter
 * "x" becomes "x_total". If a name that a counter takes that way belongs to another family as well,
 * the counter keeps its name, and becomes "unknown".
 */

#include "output/exposition.h"

extern const struct exposition_writer openmetrics_writer;

/* The same, with one more sample, _created, for each series that has a start. */
extern const struct exposition_writer openmetrics_created_writer;
