/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * HTTP sockets: the listening sockets of the web server, one at each of its addresses
 */

#include "base/address.h"
#include "base/compiler.h"
#include "base/socket.h"
#include "daemon/passed.h"

struct http_sockets {
    int fds[ADDRESSES_MAX + PASSED_MAX];
    unsigned n;
    char address[SOCKET_TEXT_MAX]; /* the first that is bound, to be used in examples */
};

/* Take @fd, a socket that listens. At most PASSED_MAX of them, before the others are opened. */
void http_sockets_take(struct http_sockets *sockets, int fd);

/*
 * Listen also on all addresses of @text (address_parse_all), unless it is NULL, and log all.
 * Returns 0, or negative errno after logging why not.
 */
MUST_CHECK int http_sockets_open(struct http_sockets *sockets, const char *text);

/* Close those that the web server has not taken. */
void http_sockets_close(struct http_sockets *sockets);
