/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * HTTP sockets: the listening sockets of the web server, one at each of its addresses
 */

#include "base/address.h"
#include "base/compiler.h"

struct http_sockets {
    int fds[ADDRESSES_MAX];
    unsigned n;
    char address[ADDRESS_TEXT_MAX]; /* the first that is bound, to be used in examples */
};

/*
 * Listen on all addresses of @text (address_parse_all), and log each. Returns 0, or negative errno
 * after logging why not; then none is open.
 */
MUST_CHECK int http_sockets_open(struct http_sockets *sockets, const char *text);

/* Close those that the web server has not taken. */
void http_sockets_close(struct http_sockets *sockets);
