/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Scraper names: names of series that a Prometheus server makes itself
 */

#pragma once

#include "base/compiler.h"
#include "base/slice.h"

#include <stdbool.h>

struct registry;

/*
 * Reserve these names, so that senders cannot use them. Returns 0, -ENOMEM, or -EEXIST when one
 * of them is already in use.
 */
MUST_CHECK int scraper_names_reserve(struct registry *registry);

/* Whether @name is one of these names. */
bool scraper_names_have(struct slice name);
