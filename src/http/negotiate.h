/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Negotiate: what a client accepts, according to its headers (RFC 9110, 12)
 */

#include "http/request.h"

/* The weight of the preferred choice. Weights are in thousandths; 0 means not acceptable. */
#define NEGOTIATE_WEIGHT_MAX 1000

/*
 * The weight of the content coding @coding according to @request's Accept-Encoding. Several such
 * headers are one list (RFC 9110, 5.3): a proxy may add its own.
 *
 * This is the weight listed for @coding, or else that of "*", or else 0. "x-gzip" counts as
 * "gzip". Without the header, or with an empty one, it is 0 too: RFC 9110 allows any coding then,
 * but a client that does not send the header may not know any.
 */
unsigned negotiate_coding(const struct http_request *request, struct slice coding);
