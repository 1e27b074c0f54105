/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rule list: mapping rules in tests, written short
 */

#include "mapping/rule.h"

/* A slice that is a constant. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/* Members of a rule: its labels, its tags. */
#define LABELS(...)                                                                                \
    .labels = (const struct rule_label[]){ __VA_ARGS__ },                                          \
    .n_labels = sizeof((const struct rule_label[]){ __VA_ARGS__ }) / sizeof(struct rule_label)
#define TAGS(...)                                                                                  \
    .tags = (const struct rule_tag[]){ __VA_ARGS__ },                                              \
    .n_tags = sizeof((const struct rule_tag[]){ __VA_ARGS__ }) / sizeof(struct rule_tag)
