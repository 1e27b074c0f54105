/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Name: from what senders write to what Prometheus accepts
 */

#include "base/slice.h"

/* How many bytes name_write() writes at most for a name of @len bytes. */
#define NAME_WRITTEN_MAX(len) ((len) + 1)

/*
 * Write @sent into @out as a Prometheus name, for metrics and labels alike, by
 * statsd_exporter's rules: each character outside [A-Za-z0-9_] becomes one '_'
 * (one for a whole UTF-8 character), a run of '-' becomes a single '_', a leading
 * digit gets a '_' before it.
 *
 * @out holds NAME_WRITTEN_MAX(sent.len) bytes. @sent is valid UTF-8. Returns
 * what was written; it is empty only if @sent is.
 */
struct slice name_write(char *out, struct slice sent);
