/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Workload spec: the numbers that a workload is made from
 */

#include "base/sample_type.h"

#include <stdbool.h>
#include <stdint.h>

/* A workload may have the types of enum sample_type before this one. */
#define WORKLOAD_N_TYPES SAMPLE_END

_Static_assert(SAMPLE_END == _SAMPLE_TYPE_N - 1, "types that make series come before x");

struct workload_spec {
    const char *prefix; /* of all names: letters, digits and '_'; borrowed during workload_new() */
    unsigned percent[WORKLOAD_N_TYPES]; /* of the series, for each type; 100 in total */
    uint64_t seed;
    uint64_t n_series;    /* 1 to UINT32_MAX */
    uint64_t n_lines;     /* per datagram, at least 1 */
    uint64_t n_labels;    /* per line; 0: each series has its own name */
    uint64_t n_bytes;     /* to pad datagrams to, rounded down to lines of equal length */
    bool is_sequential;   /* series in numerical order; otherwise shuffled */
    uint64_t n_datagrams; /* the most to make */
};
