/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reload page
 *
 * The ticket is all that is kept of a request while other clients have their turns.
 */

#include "web/reload_page.h"

void reload_page(const struct reload_functions *functions, const struct http_request *request,
                 struct http_reply *reply)
{
    uint64_t ticket = request->ticket ? request->ticket : functions->ask(functions->ctx);
    struct buffer text = { 0 };
    enum reload_outcome outcome = functions->find_outcome(functions->ctx, ticket, &text);
    unsigned status = outcome == RELOAD_SUCCEEDED ? 200 : 500;

    if (outcome == RELOAD_PENDING) {
        buffer_deinit(&text);
        reply_later(reply, ticket);
        return;
    }
    buffer_add_char(&text, '\0');
    if (text.has_failed) {
        buffer_deinit(&text);
        reply_text(reply, status,
                   outcome == RELOAD_SUCCEEDED
                       ? SLICE("The config is reloaded.\n")
                       : SLICE("The config is not reloaded: see the log.\n"));
        return;
    }
    reply_take(reply, "text/plain; charset=utf-8", text.data);
    reply->status = status;
}
