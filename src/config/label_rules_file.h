/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Label rules file: what a rule, a declared metric or a whole file says about labels
 *
 *      drop_labels: [request_id]
 *      rename_labels: { env: environment }
 *      values: { status: [ok, failed], other: other }
 */

#include "config/draft.h"

/* The rows of a table; @member is the struct label_rules_nodes of the struct that it fills. */
#define LABEL_RULES_FIELDS(member)                                                                 \
    { "drop_labels", FIELD_LIST, FIELD(member.drop), "labels to drop", .item = FIELD_TEXT },       \
        { "keep_labels", FIELD_LIST, FIELD(member.keep), "labels to keep; all others are dropped", \
          .item = FIELD_TEXT },                                                                    \
        { "rename_labels", FIELD_ENTRIES, FIELD(member.rename), "new names for labels",            \
          .item = FIELD_TEXT },                                                                    \
    {                                                                                              \
        "values", FIELD_ENTRIES, FIELD(member.values),                                             \
            "the values that labels may have, a list for each; the value of other stands for all " \
            "the rest",                                                                            \
            .item = FIELD_ANY                                                                      \
    }

/* Read the rules at @nodes. NULL if there are none, or after adding problems. */
const struct label_rules *label_rules_read(struct draft *draft,
                                           const struct label_rules_nodes *nodes);

/* The same for the rules that are for all lines. Each key may be in one file only. */
void label_rules_read_for_all(struct draft *draft, const struct label_rules_nodes *nodes);

/* Make the rules for all lines, after the last file. */
void label_rules_finish(struct draft *draft);
