/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Address: parsing and formatting HOST:PORT
 */

#include "base/compiler.h"

#include <sys/socket.h>

struct address {
    union {
        struct sockaddr any;
        struct sockaddr_storage storage; /* for its size */
    };
    socklen_t len;
};

/* The most bytes that address_format() writes, with its NUL: "[v6%scope]:65535". */
#define ADDRESS_TEXT_MAX 80

/*
 * Parse "HOST:PORT". HOST is an IPv4 address, an IPv6 address in brackets, a name
 * (looked up; the first answer is used), or empty for all IPv4 interfaces. PORT is a
 * number, 0 to 65535. A HOST that is neither an address nor a known name, such as
 * 300.1.1.1, counts as an unknown name.
 *
 * Returns 0; -EINVAL when @text does not have this form; -EADDRNOTAVAIL when the
 * name is unknown. On failure @ret is unchanged.
 */
MUST_CHECK int address_parse(struct address *ret, const char *text);

/* Write @address to @out in the form that address_parse() reads. */
void address_format(const struct address *address, char out[ADDRESS_TEXT_MAX]);

/*
 * Create a non-blocking TCP socket that listens on @address. Returns the descriptor or
 * negative errno.
 */
MUST_CHECK int address_listen(const struct address *address);

/* Get the address that socket @fd is actually bound to. Returns 0 or negative errno. */
MUST_CHECK int address_of_socket(struct address *ret, int fd);
