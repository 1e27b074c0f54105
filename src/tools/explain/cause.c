/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Cause
 *
 * What the line alone tells is in base/fault.c. Here is what the registry and the config
 * know besides: which family has a name, where it is declared, and which words stand for numbers.
 */

#include "tools/explain/cause.h"

#include "base/fault.h"
#include "base/spelling.h"
#include "base/treatment.h"
#include "tools/explain/refusal.h"
#include "tools/explain/ruling.h"
#include "tools/explain/shown.h"

/* --- conflicts ---------------------------------------------------------------------------- */

/* Say that the config declares the name, and where, if this is known. */
static void add_declaration(struct buffer *out, const struct cause *cause,
                            const struct conflict *conflict)
{
    const struct metric *metric = cause->metric;

    buffer_add_format(out, "the config declares %s as a %s", conflict->name,
                      metric_type_name(conflict->held));
    if (metric && slice_equal(metric->name, slice_of(conflict->name))) {
        buffer_add_literal(out, ", at ");
        ruling_add_place(out, metric);
    }
    buffer_add_format(out, ", so it cannot be a %s", metric_type_name(conflict->wanted));
}

/* Say which family or metric has the name that the last sample wanted. */
static void add_holder(struct buffer *out, const struct cause *cause)
{
    struct conflict conflict;
    const char *held, *wanted;

    if (!registry_latest_conflict(cause->registry, &conflict))
        return;
    held = metric_type_name(conflict.held);
    wanted = metric_type_name(conflict.wanted);
    if (conflict.is_declared)
        add_declaration(out, cause, &conflict);
    else if (strcmp(conflict.name, conflict.held_by) == 0)
        buffer_add_format(out, "%s is a %s already, so it cannot be a %s", conflict.name, held,
                          wanted);
    else if (strlen(conflict.name) > strlen(conflict.held_by))
        buffer_add_format(out, "%s is one of the names of %s, a %s", conflict.name,
                          conflict.held_by, held);
    else
        buffer_add_format(out, "%s, a %s, would have the name of %s, a %s", conflict.name, wanted,
                          conflict.held_by, held);
}

/* --- words -------------------------------------------------------------------------------- */

/* Say which word was probably meant. */
static void add_nearest(struct buffer *out, const struct fault *fault)
{
    const struct treatment *treatment = fault->treatment;
    struct spelling spelling;

    spelling_init(&spelling, fault_value(fault->line, fault->at));
    for (size_t i = 0; i < treatment->n_words; i++)
        spelling_try(&spelling, treatment->words[i].word);
    if (!spelling.nearest.len || slice_equal(spelling.nearest, spelling.word))
        return;
    buffer_add_literal(out, "; did you mean ");
    shown_add(out, spelling.nearest, NULL);
    buffer_add_char(out, '?');
}

void cause_add(struct buffer *out, const struct cause *cause)
{
    const struct fault *fault = &cause->fault;
    size_t len = out->len;

    if (fault->verdict == REFUSED_TYPE_CONFLICT)
        add_holder(out, cause);
    if (out->len == len)
        fault_write(fault, out);
    if (out->len == len)
        buffer_add(out, slice_of(refusal_meaning(fault->verdict)));
    if (fault->verdict == REFUSED_MALFORMED_VALUE && fault->at && fault->treatment)
        add_nearest(out, fault);
}
