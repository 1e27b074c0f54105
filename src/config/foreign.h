/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Foreign: flags and keys of other programs that people give to udometer, and what to do about them
 */

#include "base/slice.h"

/*
 * The end of a sentence about the flag --@name, which udometer does not have: whose flag it is,
 * and what to use instead, or that nothing is needed. NULL if it is not known.
 */
const char *foreign_advice(struct slice name);

/*
 * The same, if the flag is one of statsd_exporter that says nothing to udometer, so that in the
 * place of statsd_exporter it is ignored; otherwise NULL. All of these have a value.
 */
const char *foreign_ignored(struct slice name);

/* What foreign_advice() says, about the key @name of a config file. */
const char *foreign_key_advice(struct slice name);
