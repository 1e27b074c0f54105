/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * API: what all its pages share
 *
 * Each page is JSON in the form of Prometheus' own API. A module of its own makes the data
 * of a page, and a handler in web/routes.c replies with them.
 */

#include "http/reply.h"

#include <jansson.h>

/*
 * Reply with {"status": "success", "data": @data}. @data is taken. NULL means that there was
 * no memory for it; the reply is then a 503, as it is if there is no memory for the text.
 */
void api_reply(struct http_reply *reply, json_t *data);
