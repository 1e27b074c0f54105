/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Initial: the series of a declared metric that are there from the start
 */

#include "config/draft.h"

/* The most initial series of a metric. */
#define INITIAL_MAX 10000

/*
 * Read the label sets at @node into @metric, whose labels have been read, or add problems: a list
 * of maps, one map, or true for no labels. A label's value may be a list; then there is a series
 * for each of them. Each set has the metric's constants too, and is sorted. NULL is fine.
 */
void initial_read(struct draft *draft, struct metric *metric, const struct node *node);
