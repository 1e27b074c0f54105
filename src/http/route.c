/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Route
 *
 * The table alone decides: a request without a row is refused, and Allow lists the methods
 * of the path's rows. The table is short, so it is searched from its beginning.
 */

#include "http/route.h"

void route_match(const struct http_route *routes, unsigned n, const struct http_request *request,
                 struct http_match *ret)
{
    *ret = (struct http_match){ 0 };
    for (unsigned i = 0; i < n; i++) {
        if (!slice_equal(slice_of(routes[i].path), request->path))
            continue;
        ret->methods |= routes[i].methods;
        if (!ret->route && (routes[i].methods & request->method))
            ret->route = &routes[i];
    }
    request_write_methods(ret->methods, ret->allow);
}

void route_refuse(const struct http_match *match, struct http_reply *reply)
{
    if (match->methods == 0) {
        reply_text(reply, 404, SLICE("404: there is no such page. / has links to all pages.\n"));
        return;
    }
    if (match->methods == HTTP_READ)
        reply_text(reply, 405, SLICE("405: this page accepts only GET and HEAD.\n"));
    else
        reply_text(reply, 405, SLICE("405: this page accepts only the methods in Allow.\n"));
    reply_add_header(reply, "Allow", match->allow);
}
