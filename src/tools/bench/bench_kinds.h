/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bench kinds: kinds of values that only the flags of "udometer bench" have
 */

#include "config/setting_kinds.h"

setting_kind set_target;      /* char *: HOST:PORT or unix://PATH */
setting_kind set_scrape_url;  /* char *: http://HOST:PORT/PATH */
setting_kind set_prefix;      /* char *: the beginning of a metric's name */
setting_kind set_whole;       /* uint64_t, 0 too */
setting_kind set_up_to_64;    /* uint64_t */
setting_kind set_labels;      /* uint64_t, 0 to 64 */
setting_kind set_series;      /* uint64_t */
setting_kind set_padding;     /* uint64_t: bytes of a datagram, or BENCH_BYTES_AUTO */
setting_kind set_duration_ns; /* int64_t: from seconds, with a fraction */
setting_kind set_mix;         /* unsigned [WORKLOAD_N_TYPES]: percent */
setting_kind set_order;       /* bool: is it sequential? */
setting_kind set_report;      /* bool: is it JSON? */
setting_kind set_sink;        /* enum sink_kind */
