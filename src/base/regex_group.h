/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Regex group: the parentheses of a regular expression
 */

#include "base/compiler.h"
#include "base/regex_parser.h"

/* Parse and write '(' and what belongs to it, or ')'. Return false, with the fault noted. */
MUST_CHECK bool regex_parse_open(struct regex_parser *parser);
MUST_CHECK bool regex_parse_close(struct regex_parser *parser);
