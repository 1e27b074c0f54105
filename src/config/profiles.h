/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Profiles: mapping rules in the language of DogStatsD
 *
 *      mapper_profiles:
 *      - name: bots
 *        prefix: "bot."
 *        mappings:
 *        - match: "bot.*.routes"
 *          name: bot.routes
 *          tags: { bot: "$1" }
 */

#include "config/mapping_rule.h"

extern const struct field_table profiles_table; /* a profile */

/* Add the rules of the profiles in @list to @draft, with @defaults. NULL is fine as @list. */
void profiles_read(struct draft *draft, const struct field_reader *reader,
                   const struct mapping_defaults *defaults, const struct node *list);
