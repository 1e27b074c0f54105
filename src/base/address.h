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

/* The addresses of a host, with a port; the most of them. */
#define ADDRESSES_MAX 16

struct address_list {
    struct address items[ADDRESSES_MAX]; /* all different */
    unsigned n;                          /* at least 1 */
};

/* The most bytes that address_format() writes, with its NUL: "[v6%scope]:65535". */
#define ADDRESS_TEXT_MAX 80

/*
 * Parse "HOST:PORT" to all addresses of HOST, which is
 *
 *      an IPv4 address, or an IPv6 address in brackets
 *      empty, * or [::]    every address of this machine: 0.0.0.0 and [::]
 *      localhost           127.0.0.1 and [::1], never looked up (RFC 6761, section 6.3)
 *      another name        looked up, which may block: all addresses, in the order of the answer
 *
 * PORT is a number, 0 to 65535. A HOST that is neither an address nor a known name, such as
 * 300.1.1.1, counts as an unknown name.
 *
 * Returns 0; -EINVAL when @text does not have this form; -ENXIO when the name is unknown, -ENONET
 * when no name server says whether it is; -E2BIG when it has more than ADDRESSES_MAX addresses. On
 * failure @ret is unchanged.
 */
MUST_CHECK int address_parse_all(struct address_list *ret, const char *text);

/*
 * Check "HOST:PORT" as address_parse_all() does, but look up no name. Returns 0, also for a name;
 * -EINVAL when @text does not have this form; -ENXIO when HOST can be neither an address nor a
 * name.
 */
MUST_CHECK int address_check(const char *text);

/* What address_parse_all() does, for the first address only, to send to. */
MUST_CHECK int address_parse(struct address *ret, const char *text);

/*
 * What the negative errno @error means, for a message: as strerror() says, except for what
 * address_parse() returns for names. No socket call returns these.
 */
const char *address_error(int error);

/* Write @address to @out in the form that address_parse() reads. */
void address_format(const struct address *address, char out[ADDRESS_TEXT_MAX]);

/*
 * Create a non-blocking socket of @type for @address, not bound yet. If it is one of IPv6, it
 * will not receive IPv4. Returns the descriptor or negative errno.
 */
MUST_CHECK int address_socket(const struct address *address, int type);

/*
 * Create a non-blocking TCP socket that listens on @address. Returns the descriptor or
 * negative errno.
 */
MUST_CHECK int address_listen(const struct address *address);

/* How to open one address of a list. */
struct address_opener {
    void *ctx;
    int (*open)(void *ctx, const struct address *address); /* descriptor or negative errno */
    void (*undo)(void *ctx);                               /* close all that were opened */
};

/*
 * Open all addresses of @list. With port 0, the kernel chooses one for the first, and the others
 * get the same.
 *
 * An address that this machine does not have (-EADDRNOTAVAIL, -EAFNOSUPPORT) is left out, unless
 * it has none of them: [::1] and [::] do not exist without IPv6. Returns 0, or the first other
 * error, after undoing what had been opened.
 */
MUST_CHECK int address_open_all(const struct address_list *list,
                                const struct address_opener *opener);

/* Get the address that socket @fd is actually bound to. Returns 0 or negative errno. */
MUST_CHECK int address_of_socket(struct address *ret, int fd);
