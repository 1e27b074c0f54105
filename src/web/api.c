/* SPDX-License-Identifier: Apache-2.0 */

/*
 * API
 *
 * People read these pages, not scrapers, so a page is written in one piece and indented.
 */

#include "web/api.h"

#include "base/buffer.h"
#include "base/utf8.h"

#include <stdarg.h>

static char *write_text(json_t *page)
{
    char *text = page ? json_dumps(page, JSON_INDENT(2)) : NULL;

    json_decref(page);
    return text;
}

char *api_page(json_t *data, json_t *warnings)
{
    json_t *page = json_pack("{s:s, s:o}", "status", "success", "data", data);

    if (page && json_array_size(warnings) && json_object_set(page, "warnings", warnings) < 0)
        json_decref(TAKE(page));
    json_decref(warnings);
    return write_text(page);
}

/* Reply with @text, which is taken; NULL: memory has run out. */
static void reply_json(struct http_reply *reply, unsigned status, char *text)
{
    if (!text) {
        reply_text(reply, 503, SLICE("503: not enough memory for an answer.\n"));
        return;
    }
    reply_take(reply, "application/json", text);
    reply->status = status;
}

void api_refuse(struct http_reply *reply, unsigned status, const char *type, const char *format,
                ...)
{
    CLEANUP(buffer_deinit) struct buffer raw = { 0 };
    CLEANUP(buffer_deinit) struct buffer valid = { 0 };
    json_t *error;
    va_list args;

    va_start(args, format);
    buffer_add_format_args(&raw, format, args);
    va_end(args);
    utf8_repair(buffer_text(&raw), &valid);
    error = json_stringn(valid.data, valid.len);
    reply_json(reply, status,
               write_text(json_pack("{s:s, s:s, s:o}", "status", "error", "errorType", type,
                                    "error", error)));
}

void api_reply(struct http_reply *reply, json_t *data)
{
    reply_json(reply, 200, api_page(data, NULL));
}
