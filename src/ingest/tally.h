/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Tally: counts what became of samples, in the row of a worker
 *
 * In the header, because each line passes here.
 */

#include "aggregate/keys.h"
#include "base/identity.h"
#include "base/telemetry.h"
#include "base/verdict.h"

/* Count the verdict of a sample. */
static inline void tally_sample(struct telemetry_row *row, enum sample_type type,
                                enum verdict verdict)
{
    if (verdict == VERDICT_APPLIED)
        telemetry_count(row, TELEMETRY_SAMPLES + type, 1);
    telemetry_count(row, TELEMETRY_VERDICTS + verdict, 1);
}

/* Count a sample of this origin (identity_origin) that got @verdict. */
static inline void tally_origin(struct telemetry_row *row, unsigned char origin,
                                enum verdict verdict)
{
    if (LIKELY(!origin) || verdict_is_of_line(verdict))
        return;
    telemetry_count(row, TELEMETRY_TAGGED, (origin & ORIGIN_TAGGED) != 0);
    telemetry_count(row, TELEMETRY_UNMAPPED, (origin & ORIGIN_UNMAPPED) != 0);
}

/* Count the errors of a line of @identity, or a link of a chain, that was applied nevertheless. */
static inline void tally_identity_errors(struct telemetry_row *row, const struct identity *identity)
{
    telemetry_count(row, TELEMETRY_EXCEEDED, identity->n_exceeded);
    telemetry_count(row, TELEMETRY_TAG_ERRORS, identity->n_tag_errors);
    telemetry_count(row, TELEMETRY_UNDECLARED_LABELS, identity->n_undeclared_labels);
    telemetry_count(row, TELEMETRY_UNKNOWN_SECTIONS, identity->n_unknown_sections);
    telemetry_count(row, TELEMETRY_RATE_ERRORS, identity->has_bad_rate);
}

/* The same when its key is known. What n_exceeded counts happens only when a key is learned. */
static inline void tally_key_errors(struct telemetry_row *row, const struct key_facts *facts)
{
    telemetry_count(row, TELEMETRY_TAG_ERRORS, facts->n_tag_errors);
    telemetry_count(row, TELEMETRY_UNDECLARED_LABELS, facts->n_undeclared_labels);
    telemetry_count(row, TELEMETRY_UNKNOWN_SECTIONS, facts->n_unknown_sections);
    telemetry_count(row, TELEMETRY_RATE_ERRORS, facts->has_bad_rate);
}
