/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Negotiate: what a client accepts, by the headers that say so (RFC 9110, 12)
 */

#include "base/slice.h"

/* Weights are thousandths: 0 is not acceptable, this is preferred. */
#define NEGOTIATE_WEIGHT_MAX 1000

/*
 * The weight of the content coding @coding by @header, the value of Accept-Encoding.
 *
 * It is the weight that @coding is listed with, or else that of "*", or else 0. "x-gzip"
 * is "gzip". An empty @header gives 0 as well: RFC 9110 would allow any coding when the
 * header is missing, but a client that says nothing may not know any.
 */
unsigned negotiate_coding(struct slice header, struct slice coding);
