/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Process: what the kernel knows about this process
 */

/*
 * The process_* metrics of Prometheus' client libraries. What cannot be read now is NAN: without a
 * free descriptor /proc cannot be opened, and 0 would look like a number.
 */
struct process_stats {
    double cpu_seconds; /* user and system, all threads */
    double resident_bytes, virtual_bytes;
    double open_fds, max_fds;
    double threads;
};

struct process_stats process_read(void);
