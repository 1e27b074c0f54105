/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Lost labels: labels that a metric declares, but that label rules take away
 */

#include "config/draft.h"

/*
 * Warn of each label in the labels of a metric that no series can have, because the label rules of
 * the metric or those for all lines drop it, or rename it to one that the metric does not declare.
 * Call it after label_rules_finish(), while the metrics of @draft are in the order of their nodes.
 */
void lost_labels_check(struct draft *draft);
