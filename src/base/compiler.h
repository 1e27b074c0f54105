/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Compiler: the few language extensions that this program uses
 */

#include <stddef.h>

/* The caller must use the result. */
#define MUST_CHECK __attribute__((__warn_unused_result__))

/* A branch that is almost always, or almost never, taken. */
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* A function that is rarely called, and therefore kept away from hot code. */
#define COLD __attribute__((__cold__, __noinline__))

/* Never inlined, so that its callers need fewer registers and no stack frame. */
#define NOINLINE __attribute__((__noinline__))

/* Bytes in a cache line (x86-64, most arm64). Data of different writers must not share one. */
#define CACHE_LINE 64

/* Run @fn on the variable's address when it goes out of scope. */
#define CLEANUP(fn) __attribute__((__cleanup__(fn)))

/* Define @fn##p, the CLEANUP form of a destructor that accepts NULL. */
#define DEFINE_CLEANUP(type, fn)                                                                   \
    static inline void fn##p(type *p)                                                              \
    {                                                                                              \
        fn(*p);                                                                                    \
    }

/* Move ownership out of @ptr: returns its value and sets it to NULL. */
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
