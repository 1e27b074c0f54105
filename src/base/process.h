/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Process: what the kernel knows about this process
 */

#include <stdint.h>

/* The process_* metrics of Prometheus' client libraries. What cannot be read is 0. */
struct process_stats {
    double cpu_seconds; /* user and system, all threads */
    uint64_t resident_bytes;
    uint64_t virtual_bytes;
    uint64_t open_fds;
    uint64_t max_fds;
    uint64_t threads;
};

struct process_stats process_read(void);
