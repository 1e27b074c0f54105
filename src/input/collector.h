/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Collector: collects the labels of a line, from the tags of its name and from its sections
 *
 * For one resolver (resolve.h), with which it shares the line, the trace and the fault.
 */

#include "base/compiler.h"
#include "base/identity.h"
#include "base/utf8.h"
#include "base/verdict.h"
#include "input/labeller.h"
#include "input/parse.h"
#include "input/resolve_trace.h"
#include "input/tags.h"

struct collector {
    unsigned dialects;        /* as in struct resolve_options */
    bool has_container_label; /* this and the next likewise */
    bool keeps_container_prefix;
    struct labeller labeller;
    const struct resolve_trace *trace; /* or NULL */
    struct tagged_name name;           /* of the current line */
    section_parser *parse_section;     /* for its sections */
    const char *fault;                 /* in the line that was refused last */
};

/* Refuse the line for @verdict; @fault is the first byte that cannot be right. Returns @verdict. */
enum verdict collector_refuse(struct collector *it, enum verdict verdict, const char *fault);

/* Refuse the line unless @text is UTF-8. Returns VERDICT_APPLIED or REFUSED_MALFORMED_LINE. */
MUST_CHECK static inline enum verdict collector_check_text(struct collector *it, struct slice text)
{
    size_t n_valid = utf8_valid_prefix(text);

    if (LIKELY(n_valid == text.len))
        return VERDICT_APPLIED;
    return collector_refuse(it, REFUSED_MALFORMED_LINE, text.at + n_valid);
}

/*
 * Add what @section says: labels, or the rate of @identity. Returns VERDICT_APPLIED, or a refusal
 * of collector_collect().
 */
MUST_CHECK enum verdict collector_add_section(struct collector *it, struct slice section,
                                              struct identity *identity);

/*
 * Collect the labels of a line on a metric whose own label is @own. @rest is what follows the
 * type. Sets the members of @identity that sections decide.
 *
 * Returns VERDICT_APPLIED, REFUSED_MALFORMED_LINE, REFUSED_MIXED_TAGGING_STYLES or
 * REFUSED_LABEL_LIMIT.
 */
MUST_CHECK enum verdict collector_collect(struct collector *it, struct slice rest,
                                          enum own_label own, struct identity *identity);

/*
 * Render the labels, sorted, to @out, which holds limits.labels_text bytes. @end is the end of the
 * line. Returns VERDICT_APPLIED or REFUSED_LABEL_LIMIT.
 */
MUST_CHECK enum verdict collector_render(struct collector *it, const char *end, char *out,
                                         struct slice *ret);

/*
 * If there are several reasons to refuse a line, the first one in the list of proto/README.md
 * counts, which may come last in the line. So a line that was refused for its name or tags, for the
 * reason @found, is checked again from the start. Returns the reason that counts.
 */
enum verdict collector_worst(struct collector *it, struct slice rest, enum verdict found);
