/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Must: what cannot be otherwise, unless this program has a fault
 *
 * For invariants that would go on silently when they are broken: a reference given back
 * once too often, an entry removed that was never there. Compiled into every build, so a
 * condition may have no side effect and must cost next to nothing. Never for input: no
 * datagram, request, file or flag can make one of these fail.
 */

#include <stdint.h>

/* Abort, after a line on stderr with the place and the condition, unless it holds. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            must_fail(__FILE__, __LINE__, #condition);                                             \
    } while (0)

/* The same for two integers, "MUST_BE(n_refs, >, 0)", whose values the line shows. */
#define MUST_BE(left, comparison, right)                                                           \
    do {                                                                                           \
        __typeof__(left) must_left = (left);                                                       \
        __typeof__(right) must_right = (right);                                                    \
        if (__builtin_expect(!(must_left comparison must_right), 0))                               \
            must_fail_comparison(                                                                  \
                __FILE__, __LINE__, #left " " #comparison " " #right,                              \
                (const intmax_t[2]){ (intmax_t)must_left, (intmax_t)must_right });                 \
    } while (0)

/* What the macros call. Neither allocates, locks or returns. */
__attribute__((__noreturn__, __cold__)) void must_fail(const char *file, int line,
                                                       const char *condition);
__attribute__((__noreturn__, __cold__)) void must_fail_comparison(const char *file, int line,
                                                                  const char *condition,
                                                                  const intmax_t sides[2]);
