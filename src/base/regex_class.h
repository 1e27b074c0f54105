/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Regex class: the sets of characters of a regular expression
 */

#include "base/compiler.h"
#include "base/regex_parser.h"

/*
 * Parse what begins with a backslash and stands for one character. Returns false, with the fault
 * noted, if it does not.
 */
MUST_CHECK bool regex_parse_escape(struct regex_parser *parser, uint32_t *ret);

/*
 * Parse one of \d \D \s \S \w \W \p \P, with its name, and write it as an item of a class. Returns
 * 1, 0 if something else comes next, or -1 with the fault noted.
 */
MUST_CHECK int regex_parse_set(struct regex_parser *parser);

/* Parse and write a class in brackets. Returns false, with the fault noted, if it is wrong. */
MUST_CHECK bool regex_parse_class(struct regex_parser *parser);
