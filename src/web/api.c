/* SPDX-License-Identifier: Apache-2.0 */

/*
 * API
 *
 * People read these pages, not scrapers, so a page is written in one piece and indented.
 */

#include "web/api.h"

/* Returns a text for free(), or NULL if @data is NULL or when out of memory. @data is taken. */
static char *write_page(json_t *data)
{
    json_t *page = json_pack("{s:s, s:o}", "status", "success", "data", data);
    char *text = page ? json_dumps(page, JSON_INDENT(2)) : NULL;

    json_decref(page);
    return text;
}

void api_reply(struct http_reply *reply, json_t *data)
{
    char *text = write_page(data);

    if (text)
        reply_take(reply, "application/json", text);
    else
        reply_text(reply, 503, SLICE("503: not enough memory for an answer.\n"));
}
