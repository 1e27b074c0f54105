/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * API: the form that all its pages share
 *
 * Each page is JSON in the form of Prometheus' own API. The data of each page come from their
 * own module, and a handler in web/routes.c replies with them.
 */

#include "http/reply.h"

#include <jansson.h>

/*
 * Reply with {"status": "success", "data": @data}. @data is taken. NULL means that memory ran
 * out while it was built. The reply is then 503, as it is when memory runs out here.
 */
void api_reply(struct http_reply *reply, json_t *data);
