/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Compiler: the few language extensions this program allows itself
 */

#include <stddef.h>

/* The caller must look at the result. */
#define MUST_CHECK __attribute__((__warn_unused_result__))

/* A branch that is almost always, or almost never, taken. */
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* A function that is almost never called: it is kept out of those that are. */
#define COLD __attribute__((__cold__, __noinline__))

/* A function that its callers are better off without: they keep fewer registers and no frame. */
#define NOINLINE __attribute__((__noinline__))

/* What two threads write must not share a line of this many bytes (x86-64, most arm64). */
#define CACHE_LINE 64

/* Run @fn on the variable's address when it goes out of scope. */
#define CLEANUP(fn) __attribute__((__cleanup__(fn)))

/* Define @fn##p, the CLEANUP form of a destructor that accepts NULL. */
#define DEFINE_CLEANUP(type, fn)                                                                   \
    static inline void fn##p(type *p)                                                              \
    {                                                                                              \
        fn(*p);                                                                                    \
    }

/* Give away what @ptr owns: the value of @ptr, leaving NULL behind. */
#define TAKE(ptr)                                                                                  \
    ({                                                                                             \
        __typeof__(ptr) *take_p = &(ptr);                                                          \
        __typeof__(ptr) take_v = *take_p;                                                          \
        *take_p = NULL;                                                                            \
        take_v;                                                                                    \
    })

/* The struct of @type whose @member is at @ptr. */
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define CONST_CONTAINER_OF(ptr, type, member)                                                      \
    ((const type *)((const char *)(ptr)-offsetof(type, member)))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
