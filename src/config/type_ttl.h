/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Type TTL: a form of values, the TTL of the series of a type
 *
 *      gauge=5m
 */

#include "base/sample_type.h"
#include "config/value.h"

struct type_ttl {
    enum metric_type type;
    uint64_t ttl_s; /* 0: they never expire */
};

/* Of a struct type_ttl. */
extern const struct value_form value_type_ttl;
