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
 * The text {"status": "success", "data": @data}, for free(), with "warnings": @warnings if there
 * are any. Both are taken. NULL if @data is NULL or memory runs out here.
 */
char *api_page(json_t *data, json_t *warnings);

/*
 * Reply with {"status": "error", "errorType": @type, "error": …}, whose text is as of printf().
 * Bytes in it that are not UTF-8 are replaced.
 */
__attribute__((__format__(__printf__, 4, 5))) void api_refuse(struct http_reply *reply,
                                                              unsigned status, const char *type,
                                                              const char *format, ...);

/*
 * Reply with {"status": "success", "data": @data}. @data is taken. NULL means that memory ran
 * out while it was built. The reply is then 503, as it is when memory runs out here.
 */
void api_reply(struct http_reply *reply, json_t *data);
