/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Resolve trace: how a line is resolved, for somebody who shows it
 */

#include "input/labeller.h"
#include "input/mapper.h"
#include "input/parse.h"

/* Called as a line is resolved. */
struct resolve_trace {
    void *ctx;
    /* Called even if the line is refused for its name. */
    void (*on_type)(void *ctx, enum sample_type type);
    /* @label is valid with TAG_KEPT. */
    void (*on_tag)(void *ctx, const struct tags *tags, struct slice text, enum tag_fate fate,
                   const struct label *label);
    void (*on_section)(void *ctx, struct slice section, enum section meaning, bool is_good);
    struct mapper_trace mapping; /* it has a ctx of its own */
};
