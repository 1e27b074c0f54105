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

/*
 * The media type of an answer, chosen by a request's Accept. The entry of the list that made the
 * choice may have parameters that say more, such as "escaping=underscores".
 */
struct media_choice {
    unsigned offer;          /* which of the offers */
    struct slice parameters; /* of that entry, ";version=1.0.0;q=0.5"; empty if none made it */
};

/*
 * Choose among @n media types that a page has, at least one, in the server's order of preference.
 * Each is a text like "text/plain; version=0.0.4; charset=utf-8".
 *
 * The weight of an offer is that of the most specific entry that matches it (RFC 9110, 12.5.1): an
 * entry with all the parameters of which the offer has the same, or "text/plain", or "text/" and an
 * asterisk, or an asterisk for all. A parameter called @free matches any offer, and those after the
 * weight do too. The largest weight wins; then the more specific entry; then the earlier entry;
 * then the earlier offer. If no offer is acceptable, the first wins all the same: to a scraper, a
 * page in a form it did not ask for is of more use than an error.
 */
struct media_choice negotiate_media(const struct http_request *request, const char *const *offers,
                                    unsigned n, struct slice free);

/*
 * The value of the first parameter called @name, in any case, in a list like
 * ";version=1.0.0;q=0.5". Quotes around it are left out. Its .at is NULL if there is none.
 */
struct slice negotiate_parameter(struct slice parameters, struct slice name);
