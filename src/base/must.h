/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Must: assertions about this program itself
 *
 * For invariants whose violation would otherwise go unnoticed: a reference released once too
 * often, the removal of an entry that was never added. They are compiled into every build, so
 * a condition has no side effects and costs next to nothing. Never for input: no datagram,
 * request, file or flag can make an assertion fail.
 */

#include <stdint.h>

/* Unless @condition holds, write it with its place to stderr, and abort. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            must_fail(__FILE__, __LINE__, #condition);                                             \
    } while (0)

/* The same for two integers, as in MUST_BE(n_refs, >, 0). The line shows their values. */
#define MUST_BE(left, comparison, right)                                                           \
    do {                                                                                           \
        __typeof__(left) must_left = (left);                                                       \
        __typeof__(right) must_right = (right);                                                    \
        if (__builtin_expect(!(must_left comparison must_right), 0))                               \
            must_fail_comparison(                                                                  \
                __FILE__, __LINE__, #left " " #comparison " " #right,                              \
                (const intmax_t[2]){ (intmax_t)must_left, (intmax_t)must_right });                 \
    } while (0)

/*
 * Called by the macros. Neither allocates, locks or returns. Waits a second at most for a stderr
 * that takes nothing.
 */
__attribute__((__noreturn__, __cold__)) void must_fail(const char *file, int line,
                                                       const char *condition);
__attribute__((__noreturn__, __cold__)) void must_fail_comparison(const char *file, int line,
                                                                  const char *condition,
                                                                  const intmax_t sides[2]);
