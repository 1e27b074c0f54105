/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Parse: bytes to lines, lines to their parts
 *
 * Pure: no state, no allocation, every slice borrows from the input. The work per byte is
 * constant, for any bytes. The grammar is in proto/README.md.
 */

#include "base/compiler.h"
#include "base/line.h"
#include "input/section.h"
#include "input/tags.h"

struct parse_options {
    size_t line_max;   /* bytes; longer lines are refused */
    unsigned dialects; /* a bit (1 << dialect) for each enum tag_dialect to understand */
};

/*
 * Cut the next line off the front of @datagram, without surrounding blanks and its '\r'. Empty
 * lines are skipped. A line over the limit of @options is returned unchanged, for parse_line() to
 * refuse. Returns false if none is left.
 */
MUST_CHECK bool parse_next_line(struct slice *datagram, const struct parse_options *options,
                                struct slice *ret);

/*
 * parse_next_line() and parse_line() combined, for usual lines: those with one number as the
 * value, and without blanks or control characters at their ends. Cuts up to @max lines off the
 * front of @datagram into @lines, and stops before a line that is not usual, which is left for the
 * other two functions. Returns the number of lines. If it is less than @max, the element after
 * them is overwritten.
 */
size_t parse_usual_lines(struct slice *datagram, const struct parse_options *options,
                         struct line *lines, size_t max);

/*
 * Cut @text before and after its value and read the number.
 *
 * Returns VERDICT_APPLIED with name, value and rest in @ret; the rest has not been checked. Else
 * returns REFUSED_LINE_LIMIT; REFUSED_MALFORMED_LINE if there is no name, no ':' or no '|' after
 * it; or SKIPPED_EVENT or SKIPPED_SERVICE_CHECK for text that only looks like a line (DogStatsD).
 * Then only the fault in @ret is set.
 */
MUST_CHECK enum verdict parse_line(struct slice text, const struct parse_options *options,
                                   struct line *ret);

/*
 * Whether the value of @line holds several values ("1:2:3"). Each of them is then a sample, unless
 * the type is a set.
 */
bool parse_is_packed(const struct line *line);

/*
 * Cut the next value off the front of @values and make it the value of @line. Returns false if
 * none is left. Begin with the value of a packed line.
 */
MUST_CHECK bool parse_next_value(struct slice *values, struct line *line);

/*
 * The fault in a packed line whose values are not all numbers: the first byte that cannot be right
 * in a value that is neither a number nor empty. NULL if there is none.
 *
 * A name with a colon looks like this: "a.10_0_0_1:9001.b:7|g". One of its values may happen to be
 * a number, but it is not a sample of "a.10_0_0_1". So such a line has no samples, as in
 * DogStatsD's agent (its parseFloat64List()).
 */
const char *parse_packed_fault(const struct line *line);

/* The longest name of a chain in bytes, with its tags: each link is looked up by it. */
#define CHAIN_NAME_MAX 1024

/* Whether the rest of @line is a chain, an old StatsD syntax: "|c:200|ms:6|g". */
bool parse_is_chain(const struct line *line);

/*
 * The fault in a chain whose first link is packed, of a type that takes numbers, and has a fault
 * (parse_packed_fault). NULL if there is none. Without the name, the other links have none either.
 */
const char *parse_chain_fault(const struct line *line);

/*
 * Cut the next link off the front of @links and make it the value and rest of @line. Begin with
 * the value and everything after it. Returns false if none is left. @line->rest is empty if the
 * link has no type.
 */
MUST_CHECK bool parse_next_link(struct slice *links, struct line *line);

/*
 * The weight of a sample sent at the rate in @text (base/weight.h). If the rate is not a number
 * from 1e-9 to 1, returns false and a weight of 1.
 */
bool parse_rate(struct slice text, double *ret_weight);

/*
 * Cut the next section that is not empty off the front of @rest, which begins after a '|'.
 * Returns false if none is left.
 */
MUST_CHECK bool parse_next_section(struct slice *rest, struct slice *ret);

/* Reads the sections of a line. e:… (DogStatsD 1.5), card:… (1.6) and T… (1.3) are known. */
section_parser parse_section;
