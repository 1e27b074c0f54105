/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Selector: which series a request is about
 *
 * The series selectors of Prometheus:
 *
 *      up    up{job="api"}    {__name__=~"bot_.*", job!="", player_id!~"1|2"}
 *
 * A regex is that of Go's package regexp and must match the whole value. A label that a series
 * does not have is like an empty one.
 */

#include "base/compiler.h"
#include "base/slice.h"

struct selector;

/* The most matchers in a selector. */
#define SELECTOR_MATCHERS_MAX 64

/* Why a text is not a selector. */
struct selector_fault {
    size_t at; /* the byte of the text */
    char text[256];
};

/*
 * Parse @text, which is copied. Returns 0; -ENOMEM; or -EINVAL, and then @fault says why. A
 * selector that matches series without any label of those it names, such as {} or {a=~".*"}, is
 * refused, as in Prometheus: hardly anybody means all series.
 */
MUST_CHECK int selector_new(struct selector **ret, struct slice text, struct selector_fault *fault);
void selector_free(struct selector *selector);
DEFINE_CLEANUP(struct selector *, selector_free)

enum selector_outcome {
    SELECTOR_NO_MATCH,
    SELECTOR_MATCHES,
    SELECTOR_FAILED, /* a regex needs too many steps for this series, or there is no memory */
};

/*
 * Whether @selector selects the series called @name with @labels, as labels_write() writes them.
 * One thread at a time.
 */
enum selector_outcome selector_match(struct selector *selector, struct slice name,
                                     struct slice labels);

/* The same for a name alone: SELECTOR_NO_MATCH if no series of that name is selected. */
enum selector_outcome selector_match_name(struct selector *selector, struct slice name);

/* About how much one call of selector_match() costs, at most, in comparisons of a label. */
unsigned selector_cost(const struct selector *selector);
