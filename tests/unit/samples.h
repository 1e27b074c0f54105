/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Samples: lines and identities, as a parser and a resolver would give them
 */

#include "base/identity.h"
#include "base/line.h"

/* The line "NAME:1REST", but with this number as its value. */
static inline struct line line_of(const char *name, const char *rest, double number,
                                  int64_t arrived_ns)
{
    return (struct line){
        .name = slice_of(name),
        .value = SLICE("1"),
        .rest = slice_of(rest),
        .arrived_ns = arrived_ns,
        .number = number,
        .is_number = true,
    };
}

static inline struct identity identity_of(const char *family, enum sample_type type,
                                          const char *labels)
{
    return (struct identity){
        .type = type,
        .family = slice_of(family),
        .labels = slice_of(labels),
        .sent_as = slice_of(family),
        .weight = 1,
    };
}
