/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Value listener: where samples are received, and what is different there
 *
 * An address or a path, and after it traits, such as "?dialect=dogstatsd&counter=absolute".
 */

#include "config/problems.h"
#include "config/value.h"

/* A trait that a listener has, or leaves to the setting for all of them. */
struct value_trait {
    bool is_set;
    bool is_other; /* valid if is_set: the second of its words, not the first */
};

struct value_listener {
    char *address;              /* or path */
    struct place place;         /* in the config file; PLACE_NONE if it is not from there */
    struct value_trait dialect; /* statsd or dogstatsd */
    struct value_trait counter; /* increment or absolute */
    struct value_trait sender;  /* host or socket */
};

/* The trait of a listener, which is @by_default where it is not set. */
static inline bool value_trait_is_other(struct value_trait trait, bool by_default)
{
    return trait.is_set ? trait.is_other : by_default;
}

extern const struct value_form value_listener_address; /* struct value_listener, at HOST:PORT */
extern const struct value_form value_listener_path;    /* struct value_listener, a socket file */
