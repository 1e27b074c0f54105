/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Negotiate: what a client accepts, by the headers that say so (RFC 9110, 12)
 */

#include "base/slice.h"

/* A weight is in thousandths: 0 means not acceptable, this one preferred. */
#define NEGOTIATE_WEIGHT_MAX 1000

/*
 * The weight of the content coding @coding by @header, the value of Accept-Encoding.
 *
 * It is the weight that @coding is listed with, or else that of "*", or else 0. "x-gzip"
 * is "gzip". An empty @header gives 0 as well: without the header RFC 9110 allows any coding,
 * but a client that does not send it may not know any.
 */
unsigned negotiate_coding(struct slice header, struct slice coding);
