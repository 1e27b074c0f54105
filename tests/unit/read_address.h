/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Read address: helpers for the tests of functions like address_parse()
 */

#include "unit.h"

#include "base/address.h"

#include <errno.h>

typedef int parse_address(struct address *ret, const char *text);

/* @text is accepted, and its address is formatted as @expected. */
static inline void must_read_by(parse_address *parse, const char *text, const char *expected)
{
    char written[ADDRESS_TEXT_MAX];
    struct address address;

    if (parse(&address, text) != 0)
        fail_msg("refused: \"%s\"", text);
    address_format(&address, written);
    if (strcmp(written, expected) != 0)
        fail_msg("\"%s\" became \"%s\", not \"%s\"", text, written, expected);
}

/* @text is refused with @error, and nothing is written. */
static inline void must_refuse_by(parse_address *parse, const char *text, int error)
{
    struct address address, before;
    int r;

    memset(&address, 0xa5, sizeof(address));
    before = address;
    r = parse(&address, text);
    if (r != error)
        fail_msg("\"%s\" gave %d, not %d", text, r, error);
    assert_memory_equal(&address, &before, sizeof(address));
}

/* An error for a name that does not exist, whether or not a name server answers. */
static inline void assert_is_unknown(int error)
{
    assert_true(error == -ENXIO || error == -ENONET);
    assert_ptr_equal(strstr(address_error(error), "unknown host"), address_error(error));
}
