/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Names file: what a config file says about names, beside its settings
 *
 *      include: conf.d/bots.yml
 *      undeclared: drop
 *      metrics: [ … ]
 *      mapping: { mappings: [ … ] }
 *
 * The files that it includes may have the same keys but "include", and no settings.
 */

#include "config/draft.h"

/* The keys. */
extern const struct field_table names_file_table;

/* Whether @key, at the root of a config file, is one of these and not a setting. */
bool names_file_has_key(struct slice key);

/*
 * Add to @draft what the map @root, the root of the config file at @path, and the files that it
 * includes say about names. Problems of other keys are not its concern. @path is borrowed until the
 * draft ends.
 */
void names_file_read(struct draft *draft, const char *path, const struct node *root);
