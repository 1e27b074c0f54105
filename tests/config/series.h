/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Series: what lines become with a mapping
 */

#include "base/buffer.h"

struct mapping;

/*
 * Append the page of a scrape after @lines were received with @mapping (NULL: none), and the counts
 * of samples that were not applied. # HELP is left out where it is the default.
 */
void series_write(struct mapping *mapping, struct slice lines, struct buffer *out);
