/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Own name: the names that a family of udometer's own takes, in all formats
 */

#include "aggregate/registry.h"

/*
 * Reserve @name for a family of @type, as registry_reserve() does, and what OpenMetrics makes of a
 * counter's name: without _total, and with _created. Another of udometer's own families may have
 * one of these already. Returns 0, -EEXIST if @name itself is taken, or -ENOMEM.
 */
MUST_CHECK int own_name_reserve(struct registry *registry, struct slice name,
                                enum metric_type type);
