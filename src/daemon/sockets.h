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

/* The stats are borrowed until sockets_close(). */
struct sockets_options {
    const struct listeners_options *listeners;
    const char *http_address; /* as for http_sockets_open() */
    bool is_http_default;     /* the user did not ask for it */
    unsigned n_workers;
    struct socket_stats *stats; /* to which those of the listeners are added */
};

struct sockets {
    struct passed passed;
    struct listeners *listeners; /* in force; since threads exist, only the disk thread uses it */
    struct http_sockets http;
    struct socket_stats *stats;
    unsigned n_workers;
};

/*
 * Open all of them. Call this before threads exist. Returns 0, or negative errno after logging it.
 * Call sockets_close() in either case.
 */
MUST_CHECK int sockets_open(struct sockets *sockets, const struct sockets_options *options);
void sockets_close(struct sockets *sockets);

/*
 * Make listeners beside those in force, as listeners_new() does, also of the sockets that were
 * passed, which stay. Returns 0 or -ENOMEM.
 */
MUST_CHECK int sockets_plan(const struct sockets *sockets, const struct listeners_options *options,
                            struct listeners **ret);

/* Give each new socket a row to count in. Returns 0 or -ENOMEM. */
MUST_CHECK int sockets_take_rows(const struct sockets *sockets, struct listeners *listeners);

/* Give back those of the new sockets, which are not put in force. */
void sockets_release_rows(struct listeners *listeners);

/*
 * Put @listeners in force, and show their rows. Returns those that were, with what is to be closed.
 * No worker uses it any more.
 */
MUST_CHECK struct listeners *sockets_exchange(struct sockets *sockets, struct listeners *listeners);

/* The number of their descriptors; before sockets_open(): 0. */
unsigned sockets_count(const struct sockets *sockets);

/* Whether any of them accepts connections with samples. */
bool sockets_have_streams(const struct sockets *sockets);
