/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Collisions: what several parts of a draft say about one name
 */

#include "config/draft.h"

/*
 * Sort the metrics of @draft by name. Add a problem for each metric that is declared again, and a
 * warning for each rule whose metric an earlier rule, or a declaration, gives other buckets or
 * another type, or whose name is like that of a part of a histogram.
 */
void collisions_check(struct draft *draft);
