/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Tally: what a daemon's page says of a workload, against what was sent
 */

#include "tools/bench/workload.h"

/* What one page says. All zero is a page without any line. */
struct tally {
    double n_datagrams;    /* udometer_datagrams_total */
    double n_lines;        /* udometer_lines_total */
    double n_refused;      /* udometer_refused_total, of all reasons */
    double n_kernel_drops; /* udometer_kernel_drops_total, of all sockets */
    bool is_udometers;     /* it has such lines */
    struct tally_type {
        double n_samples; /* as _count says; histograms only */
        double n_series;
        double sum;
    } types[WORKLOAD_N_TYPES]; /* of the families of one workload */
};

/* Count in a line of a page, when it belongs to udometer or to the workload of @prefix. */
void tally_add_line(struct tally *tally, const char *prefix, struct slice line);

/* A number, as it should be and as it is. */
struct check {
    const char *subject; /* "datagrams", "counter" */
    const char *quantity;
    double expected, found;
};

#define CHECKS_MAX (3 + 3 * WORKLOAD_N_TYPES)

struct comparison {
    struct check checks[CHECKS_MAX];
    unsigned n_checks;
    double n_lost_datagrams, n_lost_lines; /* sent and not received; negative: others sent too */
    double n_kernel_drops;
    bool agrees; /* each check has found what it expected */
};

/*
 * Compare what came between two pages with what was sent in between. What does not
 * grow is compared only if it can be: the series, gauges and sets of a type, if there
 * were none @before; gauges, if they came by one flow and so in their order.
 */
void tally_compare(const struct tally *before, const struct tally *after,
                   const struct workload_totals *sent, bool is_one_flow, struct comparison *ret);

/* Has everything that was sent either come or been dropped by the kernel? */
bool comparison_is_complete(const struct comparison *comparison);
