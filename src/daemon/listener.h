/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Listener: where samples are received, as the config says
 *
 * It may have several addresses, and each of them several sockets: see daemon/bound.h.
 */

#include "base/compiler.h"
#include "config/problems.h"
#include "daemon/passed.h"
#include "ingest/pipeline.h"

#include <stdbool.h>

enum listener_protocol {
    LISTENER_UDP,
    LISTENER_TCP,
    LISTENER_UNIXGRAM,
    LISTENER_UNIX,
    _LISTENER_PROTOCOL_N,
};

static inline bool listener_is_stream(enum listener_protocol protocol)
{
    return protocol == LISTENER_TCP || protocol == LISTENER_UNIX;
}

/* Whether it is at a HOST:PORT; otherwise at the path of a socket file. */
static inline bool listener_has_host(enum listener_protocol protocol)
{
    return protocol == LISTENER_UDP || protocol == LISTENER_TCP;
}

/* The most listeners of the config, for each protocol. */
#define LISTENERS_PER_PROTOCOL_MAX 16

/* The most listeners, with those of sockets that were passed. */
#define LISTENERS_MAX (_LISTENER_PROTOCOL_N * LISTENERS_PER_PROTOCOL_MAX + PASSED_MAX)

struct listener_options {
    enum listener_protocol protocol;
    const char *address; /* HOST:PORT (address_parse_all) or the path of a socket file; borrowed */
    struct pipeline_reading reading;
    struct place place; /* in the config file; PLACE_NONE if it is not from there */
    bool is_default;    /* the user did not ask for it */
    int passed_fd;      /* if not 0: a socket that is open already, which is taken */
};

/* Its name in the log and in addresses: "udp". */
const char *listener_scheme(enum listener_protocol protocol);

/* What to change to have another: a flag, or the variable that passes sockets. */
const char *listener_flag(const struct listener_options *listener);

/*
 * Add the problem that @listener cannot be opened, with the advice what to do. @rival is what the
 * process listens to already and is in its way; NULL: nothing.
 */
void listener_complain(const struct listener_options *listener, int error, const char *rival,
                       struct problems *problems);

/* Log that @flag's @address cannot be opened, and what to do. Returns @error. */
int listener_refuse(const char *flag, const char *address, int error);
