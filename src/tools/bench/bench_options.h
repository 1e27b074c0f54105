/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bench options: what the flags of "udometer bench" say
 */

#include "base/buffer.h"
#include "base/compiler.h"
#include "tools/bench/sink.h"
#include "tools/bench/workload.h"

/* Pad lines to the length that they have in the workload by which udometer is measured. */
#define BENCH_BYTES_AUTO UINT64_MAX

struct bench_options {
    char *target;
    uint64_t rate;        /* datagrams per second; 0: as many as it can */
    int64_t duration_ns;  /* 0: not said */
    uint64_t n_datagrams; /* 0: not said */
    uint64_t n_flows;
    uint64_t n_burst;
    uint64_t n_lines;
    uint64_t n_labels;
    uint64_t n_series;
    uint64_t n_bytes; /* of a datagram, or BENCH_BYTES_AUTO */
    unsigned percent[WORKLOAD_N_TYPES];
    bool is_sequential;
    uint64_t seed;
    char *prefix;
    char *scrape_url; /* "": do not */
    enum sink_kind sink;
    char *listen;
    bool is_json;
};

enum bench_outcome {
    BENCH_RUN,
    BENCH_HELP,
    BENCH_USAGE_ERROR,
};

/*
 * Fill @options from the flags argv[1] to argv[argc - 1] and the defaults; a
 * mistake is written to @problem, as one line. bench_options_deinit() in any case.
 */
MUST_CHECK enum bench_outcome bench_options_read(struct bench_options *options, int argc,
                                                 char **argv, struct buffer *problem);
void bench_options_deinit(struct bench_options *options);

/* Write the text of --help. */
void bench_options_write_help(struct buffer *out);
