/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Regex syntax: the regular expressions of Go's package regexp, rewritten for PCRE2
 *
 * What that package accepts is written in a way that means the same to PCRE2. What it refuses is
 * refused, although PCRE2 knows more, so that mapping files stay portable. Source: the package
 * regexp/syntax of Go, with the flags that regexp.Compile() sets.
 */

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/regex_parser.h"

/*
 * Write the Go regular expression @pattern, which is borrowed, to @out for PCRE2. Returns 0; the
 * caller then frees the names in @ret_groups. Or returns -ENOMEM, or -EINVAL if Go would refuse it,
 * and @fault says why.
 */
MUST_CHECK int regex_translate(struct slice pattern, struct buffer *out,
                               struct regex_groups *ret_groups, struct regex_fault *fault);
