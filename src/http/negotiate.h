/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Negotiate: what a client accepts, according to its headers (RFC 9110, 12)
 */

#include "base/slice.h"

/* The weight of the preferred choice. Weights are in thousandths; 0 means not acceptable. */
#define NEGOTIATE_WEIGHT_MAX 1000

/*
 * The weight of the content coding @coding according to @header, the value of Accept-Encoding.
 *
 * This is the weight listed for @coding, or else that of "*", or else 0. "x-gzip" counts as
 * "gzip". An empty @header gives 0 too: without the header RFC 9110 allows any coding, but a
 * client that does not send it may not know any.
 */
unsigned negotiate_coding(struct slice header, struct slice coding);
