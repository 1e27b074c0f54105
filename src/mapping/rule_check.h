/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rule check: what cannot be right about the names and templates of a rule
 */

#include "base/buffer.h"
#include "mapping/rule.h"
#include "mapping/template.h"

/*
 * Why the names that @name makes cannot be right; NULL if they can. @parts
 * is @name, compiled. @missing is the first reference to a group that it does not
 * have, or empty.
 */
const char *rule_check_name(struct slice name, const struct template_parts *parts,
                            struct slice missing);

/* Why @name cannot be the name of a label; NULL if it can. */
const char *rule_check_label(struct slice name);

/* Write to @out that @missing, a reference, names no group, and what was meant. */
void rule_check_missing(struct slice missing, struct buffer *out);
