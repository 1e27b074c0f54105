/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Name: turning a sent name into one that Prometheus accepts
 */

#include "base/slice.h"

/* The most bytes that name_write() writes for a name of @len bytes. */
#define NAME_WRITTEN_MAX(len) ((len) + 1)

/*
 * Write @sent to @out as a Prometheus name, for metrics and labels alike, by
 * statsd_exporter's rules. Each character outside [A-Za-z0-9_] becomes one '_'
 * (one for a whole UTF-8 character), a run of '-' becomes a single '_', and a leading
 * digit gets a '_' before it.
 *
 * @out has room for NAME_WRITTEN_MAX(sent.len) bytes. @sent is valid UTF-8. Returns
 * what was written, which is empty only if @sent is.
 */
struct slice name_write(char *out, struct slice sent);
