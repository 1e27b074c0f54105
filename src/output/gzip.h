/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Gzip: a content coding (RFC 1952)
 */

#include "output/coding.h"

extern const struct coding gzip_coding;
