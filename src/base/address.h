/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Address: HOST:PORT, read and written
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

/* What address_format() needs at most, with its NUL: "[v6%scope]:65535". */
#define ADDRESS_TEXT_MAX 80

/*
 * Read "HOST:PORT": an IPv4 address, an IPv6 address in brackets, a name (looked
 * up, the first answer counts), or nothing for every IPv4 interface; and a port
 * number, 0 to 65535. What is neither an address nor a known name, 300.1.1.1 too,
 * counts as an unknown name.
 *
 * Returns 0; -EINVAL when @text is not of that form; -EADDRNOTAVAIL when the
 * name is not known. On failure @ret is left alone.
 */
MUST_CHECK int address_parse(struct address *ret, const char *text);

/* Write @address into @out the way address_parse() reads it. */
void address_format(const struct address *address, char out[ADDRESS_TEXT_MAX]);

/*
 * Make a socket that listens for TCP at @address and does not block. Returns the
 * descriptor or negative errno.
 */
MUST_CHECK int address_listen(const struct address *address);

/* The address that socket @fd is really bound to. Returns 0 or negative errno. */
MUST_CHECK int address_of_socket(struct address *ret, int fd);
