/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Tally: compares what a daemon's page says about a workload with what was sent
 */

#include "tools/bench/workload.h"

/* What one page says. All zero is an empty page. */
struct tally {
    double n_datagrams;    /* udometer_datagrams_total */
    double n_lines;        /* udometer_lines_total */
    double n_refused;      /* udometer_refused_total, of all reasons */
    double n_kernel_drops; /* udometer_kernel_drops_total, of all sockets */
    bool is_udometers;     /* the page has any of these */
    struct tally_type {
        double n_samples; /* from _count; histograms only */
        double n_series;
        double sum;
    } types[WORKLOAD_N_TYPES]; /* of the families of one workload */
};

/* Add a line of a page, if it belongs to udometer or to the workload with @prefix. */
void tally_add_line(struct tally *tally, const char *prefix, struct slice line);

/* A number, as expected and as found. */
struct check {
    const char *subject; /* "datagrams", "counter" */
    const char *quantity;
    double expected, found;
};

#define CHECKS_MAX (3 + 3 * WORKLOAD_N_TYPES)

struct comparison {
    struct check checks[CHECKS_MAX];
    unsigned n_checks;
    double n_lost_datagrams, n_lost_lines; /* sent but not received; negative if others sent too */
    double n_kernel_drops;
    bool agrees; /* every check found what it expected */
};

/*
 * Compare what arrived between two pages with what was sent in between. What does not only
 * grow is compared only if that is possible: the series, gauges and sets of a type, if there
 * were none @before; gauges, if they were sent by one flow, and so arrived in order.
 */
void tally_compare(const struct tally *before, const struct tally *after,
                   const struct workload_totals *sent, bool is_one_flow, struct comparison *ret);

/* Whether everything sent was either received or dropped by the kernel. */
bool comparison_is_complete(const struct comparison *comparison);
