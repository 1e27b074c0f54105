/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Parse: bytes to lines, lines to their parts
 *
 * Pure: no state, no allocation, every slice borrows from the input. Constant
 * work per byte, whatever the bytes are. The grammar is in proto/README.md.
 */

#include "base/compiler.h"
#include "base/sample.h"

/*
 * Cut the next line off the front of @datagram, without the blanks around it and
 * its '\r'. Empty lines are passed over. Returns false when there is none left.
 */
MUST_CHECK bool parse_next_line(struct slice *datagram, struct slice *ret);

/*
 * Cut @text at its value and read the number, on every line that comes in.
 *
 * Returns VERDICT_APPLIED when @ret holds name, value and rest, which says
 * nothing yet about what the rest holds; REFUSED_MALFORMED_LINE when there is no
 * name, no ':' or no '|' behind it, or too many bytes; or SKIPPED_EVENT or
 * SKIPPED_SERVICE_CHECK for what only looks like a line (DogStatsD).
 */
MUST_CHECK enum verdict parse_line(struct slice text, struct line *ret);

/* How many |# sections of a line are looked at; their tags add up. */
#define SECTIONS_TAGS_MAX 4

/* The rest of a line, taken apart. */
struct sections {
    enum sample_type type;
    double weight;                        /* 1 / rate */
    struct slice tags[SECTIONS_TAGS_MAX]; /* what stands behind each "|#" */
    unsigned n_tags;
    unsigned n_unknown; /* sections passed over */
    bool has_bad_rate;  /* the last rate was unusable; weight is 1 */
};

/*
 * Take the rest of a line apart, on lines not seen before.
 *
 * Returns VERDICT_APPLIED and fills @ret, or REFUSED_ILLEGAL_EVENT when the
 * first section is no known type. A rate is a number from 1e-9 to 1; of several
 * the last wins. Empty sections are nothing; more |# sections than SECTIONS_TAGS_MAX
 * count as unknown.
 */
MUST_CHECK enum verdict parse_sections(struct slice rest, struct sections *ret);
