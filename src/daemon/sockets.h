/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sockets: all that the daemon listens on
 *
 * They are those of the settings, and those that the service manager passes (daemon/passed.h). One
 * that is passed with the name "http" serves pages. The others receive samples, in the dialect of
 * their name if it is "statsd" or "dogstatsd". Sockets that no user asked for, the defaults, are
 * not opened if any for the same purpose is passed.
 */

#include "base/compiler.h"
#include "daemon/http_sockets.h"
#include "daemon/listeners.h"
#include "daemon/passed.h"
#include "web/socket_stats.h"

/* All are borrowed until sockets_close(). */
struct sockets_options {
    const struct listeners_options *listeners;
    const char *http_address; /* as for http_sockets_open() */
    bool is_http_default;     /* the user did not ask for it */
    unsigned n_workers;
    struct socket_stats *stats; /* to which those of the listeners are added */
};

struct sockets {
    struct passed passed;
    struct listeners_options options; /* of the listeners, with those passed */
    struct listeners listeners;
    struct http_sockets http;
};

/*
 * Open all of them. Call this before threads exist. Returns 0, or negative errno after logging it.
 * Call sockets_close() in either case.
 */
MUST_CHECK int sockets_open(struct sockets *sockets, const struct sockets_options *options);
void sockets_close(struct sockets *sockets);

/* The number of their descriptors. */
unsigned sockets_count(const struct sockets *sockets);

/* Whether any of them accepts connections with samples. */
bool sockets_have_streams(const struct sockets *sockets);
