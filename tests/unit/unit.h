/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Unit: cmocka, and what our tests say with it
 *
 * cmocka wants four headers before its own. Cases are static functions named as
 * facts ("refuses_an_empty_name"), listed in the main() at the end of their file.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/slice.h"

/* A case without fixture. */
#define CASE(name) cmocka_unit_test(name)

#define assert_slice_equal(actual, literal)                                                        \
    do {                                                                                           \
        struct slice assert_slice = (actual);                                                      \
                                                                                                   \
        assert_int_equal(assert_slice.len, sizeof(literal) - 1);                                   \
        assert_memory_equal(assert_slice.at, (literal), sizeof(literal) - 1);                      \
    } while (0)
