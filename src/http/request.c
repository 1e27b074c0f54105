/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Request
 *
 * A query is split at its separators before it is decoded, as an escape may encode one.
 * Decoding never makes a text longer, so it is done in place.
 */

#include "http/request.h"

#include "base/compiler.h"

#include <stdio.h>
#include <strings.h>

static const struct {
    enum http_method method;
    const char *name;
} methods[] = {
    { HTTP_GET, "GET" },         { HTTP_HEAD, "HEAD" },   { HTTP_POST, "POST" },
    { HTTP_PUT, "PUT" },         { HTTP_PATCH, "PATCH" }, { HTTP_DELETE, "DELETE" },
    { HTTP_OPTIONS, "OPTIONS" },
};

enum http_method request_method(const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(methods); i++)
        if (strcmp(methods[i].name, name) == 0)
            return methods[i].method;
    return HTTP_OTHER;
}

void request_write_methods(unsigned taken, char out[HTTP_METHODS_TEXT_MAX])
{
    const char *separator = "";
    size_t n = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < ARRAY_SIZE(methods); i++) {
        if (!(taken & methods[i].method))
            continue;
        n += (size_t)snprintf(out + n, HTTP_METHODS_TEXT_MAX - n, "%s%s", separator,
                              methods[i].name);
        separator = ", ";
    }
}

/* --- by name ------------------------------------------------------------------------------ */

struct slice request_query(const struct http_request *request, const char *name)
{
    for (unsigned i = 0; i < request->query.n; i++)
        if (slice_equal(request->query.items[i].name, slice_of(name)))
            return request->query.items[i].value;
    return (struct slice){ 0 };
}

struct slice request_header(const struct http_request *request, const char *name)
{
    size_t len = strlen(name);

    for (unsigned i = 0; i < request->headers.n; i++) {
        const struct http_field *header = &request->headers.items[i];

        if (header->name.len == len && strncasecmp(header->name.at, name, len) == 0)
            return header->value;
    }
    return (struct slice){ 0 };
}

/* --- escapes ---------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= ' ';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the escape at the beginning of @text encodes, or -1. */
static int unescape(const char *text, size_t len)
{
    int high, low;

    if (len < 3 || text[0] != '%')
        return -1;
    high = hex_digit(text[1]);
    low = hex_digit(text[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* --- the target ---------------------------------------------------------------------------- */

/* RFC 3986, 2.3. */
static bool is_unreserved(int byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte > 0 && strchr("-._~", byte));
}

static struct slice decode_unreserved(char *path)
{
    size_t len = strlen(path), n = 0;

    for (size_t i = 0; i < len; i++) {
        int byte = unescape(path + i, len - i);

        if (is_unreserved(byte)) {
            path[n++] = (char)byte;
            i += 2;
        } else {
            path[n++] = path[i];
        }
    }
    return (struct slice){ path, n };
}

/* What follows "http://host" or "https://host", or NULL if @target does not begin so. */
static char *skip_host(char *target)
{
    static const char *const schemes[] = { "http://", "https://" };

    for (unsigned i = 0; i < ARRAY_SIZE(schemes); i++) {
        size_t len = strlen(schemes[i]);

        if (strncasecmp(target, schemes[i], len) == 0 && target[len] && target[len] != '/')
            return strchrnul(target + len, '/');
    }
    return NULL;
}

struct slice request_parse_target(char *target, char **ret_query)
{
    char *query = strchr(target, '?'), *path;

    if (query)
        *query++ = '\0';
    *ret_query = query;
    path = skip_host(target);
    if (path && !*path)
        return SLICE("/");
    return decode_unreserved(path ? path : target);
}

/* --- the query ----------------------------------------------------------------------------- */

unsigned request_count_parameters(const char *query)
{
    unsigned n = 1;

    for (; *query; query++)
        n += *query == '&';
    return n;
}

/* Decode the @len bytes at @text in place. */
static struct slice decode(char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        int byte = unescape(text + i, len - i);

        if (byte >= 0)
            i += 2;
        else
            byte = text[i] == '+' ? ' ' : text[i];
        text[n++] = (char)byte;
    }
    return (struct slice){ text, n };
}

void request_parse_query(char *query, struct http_fields *ret)
{
    ret->n = 0;
    while (query) {
        char *next = strchr(query, '&');
        size_t len = next ? (size_t)(next - query) : strlen(query);
        char *equals = memchr(query, '=', len);
        size_t name_len = equals ? (size_t)(equals - query) : len;
        char *value = query + name_len + (equals != NULL);

        if (len)
            ret->items[ret->n++] = (struct http_field){
                decode(query, name_len),
                decode(value, len - (size_t)(value - query)),
            };
        query = next ? next + 1 : NULL;
    }
}
