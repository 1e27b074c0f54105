/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * OpenMetrics 2: the OpenMetrics text format, version 2.0.0-rc0
 *
 * https://prometheus.io/docs/specs/om/open_metrics_spec_2_0/ is its specification. Names are those
 * of the series; a histogram is one line; counters and histograms say when they began.
 */

#include "output/exposition.h"

extern const struct exposition_writer openmetrics2_writer;
