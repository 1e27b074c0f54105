/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Listeners: all that receive samples, as a config says
 *
 * They are opened at the start. A reload makes others beside those in force, which take over the
 * sockets of what stays, and open the rest:
 *
 *      listeners_new()         finds what stays
 *      listeners_look_up()     finds the addresses of what is new; waits for name servers
 *      listeners_adopt()       finds sockets that are bound to such addresses already
 *      listeners_bind()        opens what is missing; waits for disks
 *
 * On a failure, all that was opened is closed again, and those in force stay as they are. While one
 * of the two waits is under way, no other listeners are touched, as the process may end meanwhile.
 */

#include "daemon/bound.h"
#include "daemon/intake.h"

struct listeners_options {
    struct listener_options listeners[LISTENERS_MAX]; /* opened in this order */
    unsigned n_listeners;
    struct pipeline_reading reading;     /* of passed sockets that do not say otherwise */
    uint64_t read_buffer_bytes;          /* to request from the kernel for each UDP socket */
    struct unix_permissions permissions; /* of socket files */
    const char *config_path;             /* of the file in which their places are; borrowed */
};

struct listeners;

/* Why listeners cannot be opened. */
struct listeners_failure {
    int error;                               /* negative errno; -ENOMEM: of no listener */
    const struct listener_options *listener; /* which one; NULL: of none. In the options */
};

/*
 * Open all listeners of @options, whose texts are copied, and take the sockets that were passed.
 * Returns 0, or negative errno after logging it.
 */
MUST_CHECK int listeners_open(struct listeners **ret, const struct listeners_options *options,
                              unsigned n_workers);

/* Close all sockets, remove their files, and free it all. NULL is fine. */
void listeners_close(struct listeners *listeners);

/*
 * Make listeners as @options say, whose texts are copied, beside those @in_force, which may be
 * NULL. A listener with the same protocol and address stays, with its sockets; it reads values as
 * @options say. Returns 0 or -ENOMEM.
 */
MUST_CHECK int listeners_new(struct listeners **ret, const struct listeners_options *options,
                             const struct listeners *in_force, unsigned n_workers);

/* The next steps, in this order. Return 0, or negative errno and the reason in @ret. */
MUST_CHECK int listeners_look_up(struct listeners *listeners, struct listeners_failure *ret);
void listeners_adopt(struct listeners *listeners, const struct listeners *in_force);
MUST_CHECK int listeners_bind(struct listeners *listeners, struct listeners_failure *ret);

/*
 * The address, with its scheme, of what is @in_force, was not taken over, and may keep @listener
 * from being opened: another address of its port, or its path. Borrowed; NULL: nothing is.
 */
const char *listeners_rival(const struct listeners *listeners, const struct listeners *in_force,
                            const struct listener_options *listener);

/* Log those that are new, and complain of their receive buffers if these are too small. */
void listeners_log_new(const struct listeners *listeners);

/* Log that they are closed. */
void listeners_log_old(const struct listeners *listeners);

/* Their sockets, borrowed. */
struct bound *listeners_bound(struct listeners *listeners);

/* Free it; its sockets are closed or taken over. NULL is fine. */
void listeners_free(struct listeners *listeners);

/*
 * Get the sockets that @worker receives from. Returns their number.
 */
unsigned listeners_of_worker(const struct listeners *listeners, unsigned worker,
                             struct source_socket ret[SOURCES_MAX]);

/* The address of the first UDP listener, to be used in examples, borrowed; or NULL. */
const char *listeners_udp_address(const struct listeners *listeners);
