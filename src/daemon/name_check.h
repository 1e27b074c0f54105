/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Name check: names of a config that no series can have
 */

#include "base/compiler.h"
#include "config/problems.h"

struct settings;

/*
 * Find the declared metrics, and the rules with a fixed name, whose samples would all be refused:
 * the name is reserved, or it is one of those that a declared histogram takes. Adds a problem for
 * each, to @of_metrics or @of_rules, and sorts these lists, which may be the same. @settings were
 * filled by config_load(). Returns 0 or -ENOMEM.
 */
MUST_CHECK int name_check_run(const struct settings *settings, struct problems *of_metrics,
                              struct problems *of_rules);
