/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Precedence: who says what of a metric that both a declaration and rules speak of
 *
 * The declaration wins. What it lacks of the family (HELP, TTL, buckets) is taken from rules, each
 * by itself. What it lacks of values (scale, gauge, counter) is taken from the rule of the line,
 * but only if the declaration says nothing of values.
 */

#include "config/draft.h"

/* The metric that @rule makes, if its name has no references and is declared; or NULL. */
struct metric *precedence_find(struct draft *draft, const struct rule *rule);

/*
 * Give the metrics of @draft, which are sorted by name, what only rules without references say of
 * them; the first rule that says it counts. Warn of what a rule says without effect.
 */
void precedence_check(struct draft *draft);
