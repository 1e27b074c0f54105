/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Suspect: tells which lines were applied, but without a part that probably belongs to a tag
 *
 *      name:1|c|#path:a|b
 *                      ^
 * The '|' ended the value of the tag, so the label is path="a", and "b" is an unknown section.
 * There is a call for each such line whose key is not cached: usually the first one of its series.
 * An x, and a line that goes to an overflow series, never has a cached key.
 */

#include "base/slice.h"

/* Whom to tell. The slices are borrowed until on_suspect returns. */
struct suspect_sink {
    void *ctx;
    /* @name is as it was sent, without tags; @text is the whole line. */
    void (*on_suspect)(void *ctx, struct slice name, struct slice text);
};
