/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Mapping file: rules in the language of statsd_exporter, and in that of DogStatsD
 *
 *      defaults:
 *        ttl: 1h
 *      mappings:
 *      - match: "bot.*.routes"
 *        name: bot_routes_total
 *        labels:
 *          bot: "$1"
 *
 * A file that statsd_exporter loads is loaded, with the same meaning. What is doubtful in it is
 * only a warning: an unknown key, say.
 */

#include "config/draft.h"

/* What the root of a file may have, and a rule. */
extern const struct field_table mapping_file_table;

/*
 * Add the rules, label rules and tests of the file at @path, which the user gave as @flag, to
 * @draft. @path is borrowed until the draft ends.
 */
void mapping_file_read(struct draft *draft, const char *path, const char *flag);

/* The same for a map, @node, in the file being read: the value of "mapping" in a config file. */
void mapping_file_read_node(struct draft *draft, const struct node *node);
