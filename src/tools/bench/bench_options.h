/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bench options: the flags of "udometer bench"
 */

#include "base/buffer.h"
#include "base/compiler.h"
#include "config/command_line.h"
#include "tools/bench/bench_forms.h"
#include "tools/bench/sink.h"
#include "tools/bench/workload.h"

enum bench_order {
    BENCH_RANDOM,
    BENCH_SEQUENTIAL,
};

enum bench_format {
    BENCH_TEXT,
    BENCH_JSON,
};

struct bench_options {
    char *target;
    uint64_t rate;        /* datagrams per second; 0: as many as possible */
    int64_t duration_ns;  /* 0: not given */
    uint64_t n_datagrams; /* 0: not given */
    uint64_t n_flows;
    uint64_t n_burst;
    uint64_t n_lines;
    uint64_t n_labels;
    uint64_t n_series;
    uint64_t n_bytes; /* of a datagram, or BENCH_BYTES_AUTO */
    unsigned percent[WORKLOAD_N_TYPES];
    enum bench_order order;
    uint64_t seed;
    char *prefix;
    char *scrape_url; /* "": do not scrape */
    char *self_url;   /* "": the self-metrics are on the same page */
    enum sink_method sink;
    char *listen;
    enum bench_format format;
};

/*
 * Fill @options from the flags argv[1] to argv[argc - 1] and the defaults. Adds a problem for
 * each invalid flag and each contradiction. Call bench_options_deinit() in either case.
 */
MUST_CHECK enum command_line_outcome bench_options_read(struct bench_options *options, int argc,
                                                        char **argv, struct problems *problems);
void bench_options_deinit(struct bench_options *options);

/* The time to send, if the number of datagrams is not given. */
int64_t bench_options_duration_ns(const struct bench_options *options);

/* The most datagrams to send; UINT64_MAX: as many as there is time for. */
uint64_t bench_options_n_datagrams(const struct bench_options *options);

/* The workload to send. Its prefix is borrowed. */
struct workload_spec bench_options_workload(const struct bench_options *options);

/* Write the text of --help. */
void bench_options_write_help(struct buffer *out);
