/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Suspect: tells which lines were applied, but without a part that probably belongs to a tag
 *
 *      name:1|c|#path:a|b
 *                      ^
 * The '|' ended the value of the tag, so the label is path="a", and "b" is an unknown section.
 * There is one call when the key of such a line is learned, not one for each line.
 */

#include "base/slice.h"

/* Whom to tell. The slices are borrowed until on_suspect returns. */
struct suspect_sink {
    void *ctx;
    /* @name is as it was sent, without tags; @text is the whole line. */
    void (*on_suspect)(void *ctx, struct slice name, struct slice text);
};
