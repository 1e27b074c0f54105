/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Parse: bytes to lines, lines to their parts
 *
 * Pure: no state, no allocation, every slice borrows from the input. Constant
 * work per byte, whatever the bytes are. The grammar is in proto/README.md.
 */

#include "base/compiler.h"
#include "base/line.h"
#include "input/section.h"

struct parse_options {
    size_t line_max;     /* bytes; longer lines are refused */
    bool skips_brackets; /* a ':' between '[' and ']' does not end the name (SignalFx) */
};

/*
 * Cut the next line off the front of @datagram, without the blanks around it and
 * its '\r'. Empty lines are passed over. A line over the limit of @options comes as it
 * is, for parse_line() to refuse. Returns false when there is none left.
 */
MUST_CHECK bool parse_next_line(struct slice *datagram, const struct parse_options *options,
                                struct slice *ret);

/*
 * The same as parse_next_line() and parse_line() in one go, for usual lines: with one number
 * for a value, and neither a blank nor a control character at their ends. Cuts up to @max
 * lines off the front of @datagram into @lines, until one is of any other kind, which is left
 * for those two. Returns how many. The line after those is scratch.
 */
size_t parse_usual_lines(struct slice *datagram, const struct parse_options *options,
                         struct line *lines, size_t max);

/*
 * Cut @text at its value and read the number, on every line that comes in.
 *
 * Returns VERDICT_APPLIED when @ret holds name, value and rest, which says nothing
 * yet about what the rest holds; REFUSED_LINE_LIMIT; REFUSED_MALFORMED_LINE when
 * there is no name, no ':' or no '|' behind it; or SKIPPED_EVENT or
 * SKIPPED_SERVICE_CHECK for what only looks like a line (DogStatsD).
 * When it refuses, @ret holds the fault alone.
 */
MUST_CHECK enum verdict parse_line(struct slice text, const struct parse_options *options,
                                   struct line *ret);

/*
 * Does the value of @line hold several ("1:2:3")? Unless it is a set's, each of
 * them is a sample then.
 */
bool parse_is_packed(const struct line *line);

/*
 * Cut the next value off the front of @values, and set it as the value of @line.
 * Returns false when there is none left. Begin with the value of a packed line.
 */
MUST_CHECK bool parse_next_value(struct slice *values, struct line *line);

/* The longest name, with its tags, that a chain may have: each link is looked up by it. */
#define CHAIN_NAME_MAX 1024

/* Is the rest of @line a chain of old StatsD's, "|c:200|ms:6|g"? */
bool parse_is_chain(const struct line *line);

/*
 * Cut the next link off the front of @links, and make it the value and rest of
 * @line. Begin with the value and all behind it. Returns false when there is none
 * left; @line->rest is empty when the link has no type.
 */
MUST_CHECK bool parse_next_link(struct slice *links, struct line *line);

/*
 * The weight of a sample sent at the rate in @text, 1 / rate. Returns false, and
 * a weight of 1, when the rate is not a number from 1e-9 to 1.
 */
bool parse_rate(struct slice text, double *ret_weight);

/*
 * Cut the next section off the front of @rest, which begins behind a '|', and pass
 * over empty ones. Returns false when there is none left.
 */
MUST_CHECK bool parse_next_section(struct slice *rest, struct slice *ret);

/* What a section of a line is. Known are e:… (DogStatsD 1.5), card:… (1.6) and T… (1.3). */
section_parser parse_section;
