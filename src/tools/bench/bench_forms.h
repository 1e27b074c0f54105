/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bench forms: forms of values that only flags of "udometer bench" use
 */

#include "config/value.h"

/* Pad lines to the length used in udometer's own measurements. */
#define BENCH_BYTES_AUTO UINT64_MAX

extern const struct value_form bench_target;  /* char *: HOST:PORT or unix://PATH */
extern const struct value_form bench_url;     /* char *: http://HOST:PORT/PATH, or "" */
extern const struct value_form bench_prefix;  /* char *: the beginning of a metric's name */
extern const struct value_form bench_padding; /* uint64_t: a number in range, or BENCH_BYTES_AUTO */
extern const struct value_form bench_seconds; /* int64_t: nanoseconds, from seconds */
extern const struct value_form bench_mix;     /* unsigned [WORKLOAD_N_TYPES]: percent */
