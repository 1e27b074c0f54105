/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Workload spec: the few numbers that a workload is made from
 */

#include "base/sample_type.h"

#include <stdbool.h>
#include <stdint.h>

/* The types that a workload may have are those of enum sample_type before this one. */
#define WORKLOAD_N_TYPES SAMPLE_END

_Static_assert(SAMPLE_END == _SAMPLE_TYPE_N - 1, "types that make series come before x");

struct workload_spec {
    const char *prefix; /* of all names: letters, digits and '_'; borrowed during workload_new() */
    unsigned percent[WORKLOAD_N_TYPES]; /* of the series that are of each type; 100 in all */
    uint64_t seed;
    uint64_t n_series;    /* 1 to UINT32_MAX */
    uint64_t n_lines;     /* in a datagram, at least 1 */
    uint64_t n_labels;    /* of a line; 0: each series has a name of its own */
    uint64_t n_bytes;     /* to pad datagrams to, as far as that is the same for all lines */
    bool is_sequential;   /* series by number; otherwise shuffled */
    uint64_t n_datagrams; /* make no more than these */
};
