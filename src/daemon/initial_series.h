/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Initial series: those that the config wants from the start
 */

#include "aggregate/registry.h"
#include "mapping/mapping.h"

/*
 * Declare the initial series of @mapping (NULL: none) in @registry, and log how many are refused.
 * Call it at the start, and at a reload before workers use @mapping.
 */
void initial_series_declare(struct registry *registry, const struct mapping *mapping);
