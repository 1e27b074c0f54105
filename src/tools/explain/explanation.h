/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Explanation: what a line means, step by step, in words
 */

#include "base/compiler.h"
#include "base/slice.h"
#include "config/settings.h"

struct explanation;

/*
 * Make one for lines that come to a daemon with @settings that has just started.
 * Returns 0 or negative errno.
 */
MUST_CHECK int explanation_new(struct explanation **ret, const struct settings *settings);
void explanation_free(struct explanation *it);
DEFINE_CLEANUP(struct explanation *, explanation_free)

/*
 * Take in the lines of @datagram, one after the other, and print about each of them:
 * the line, with a caret under the first byte that cannot be right; its fields; what
 * becomes of each tag; the series; and what became of its samples, with the reason.
 */
void explanation_print(struct explanation *it, struct slice datagram);

/* Was any sample refused up to now? */
bool explanation_has_refused(const struct explanation *it);
