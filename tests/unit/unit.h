/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Unit: cmocka, and our helpers for it
 *
 * cmocka requires four headers before its own. Cases are static functions named as facts
 * ("refuses_an_empty_name") and listed in main() at the end of their file.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/slice.h"

#include <fcntl.h>
#include <unistd.h>

/*
 * Before main(): our parent may have closed stdin. Otherwise the first descriptor of a case would
 * take its place, and libuv refuses to close that one.
 */
__attribute__((constructor)) static void open_standard_files(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    close(fd);
}

/* A case without a fixture. */
#define CASE(name) cmocka_unit_test(name)

#define assert_slice_equal(actual, literal)                                                        \
    do {                                                                                           \
        struct slice assert_slice = (actual);                                                      \
                                                                                                   \
        assert_int_equal(assert_slice.len, sizeof(literal) - 1);                                   \
        assert_memory_equal(assert_slice.at, (literal), sizeof(literal) - 1);                      \
    } while (0)
