/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Environment: options from environment variables
 */

#include "config/option.h"
#include "config/problems.h"

/*
 * The value of the option's variable, borrowed from the environment; NULL if it is unset or
 * empty, or if memory runs out.
 */
const char *environment_value(const struct option *option);

/*
 * Set @values, the struct that the table fills, from the variables that are set and not empty.
 * Those of options that the environment may not set are ignored. Returns true; or false after
 * adding a problem to @problems for each invalid one.
 */
MUST_CHECK bool environment_read(const struct option_table *table, void *values,
                                 struct problems *problems);

/*
 * Add a problem to @warnings for each variable that begins as those of options do, is not empty,
 * and sets no option of the table. The nearest name is given; values are not, as they may be
 * secret. Variables that clients or Kubernetes are known to use give no warning.
 */
void environment_warn(const struct option_table *table, struct problems *warnings);
