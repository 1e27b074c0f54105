/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Head
 *
 * libmicrohttpd parses a head where it was received: it writes NULs over the colon of a header and
 * over the end of its line, and skips blanks before the value.
 *
 *      N a m e NUL SP v a l u e NUL NUL N a m e 2 NUL ...
 *
 * It takes the first NUL for the end of a text. So when a client sends one, there is a gap: the
 * next text does not begin where this one ends. A line that continues the one before it (obs-fold)
 * is appended to that line's name, which has to move for that, and is after its value then.
 */

#include "http/head.h"

#include "base/compiler.h"

#include <strings.h>

#define PROBLEM(status, text)                                                                      \
    (struct http_head_problem)                                                                     \
    {                                                                                              \
        status, SLICE(#status ": " text "\n")                                                      \
    }
#define NO_PROBLEM ((struct http_head_problem){ 0 })

/* RFC 9110, 5.6.2. */
static bool is_token(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool is_alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!is_alphanumeric && (!c || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return text.len > 0;
}

/* RFC 9110, 5.5: a value has no control characters but tabs. */
static bool is_value(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* Whether the value is on the line of its name. */
static bool is_one_line(const struct http_field *header)
{
    const char *at = header->name.at + header->name.len + 1;

    if (header->value.at < at)
        return false;
    while (at < header->value.at && (*at == ' ' || *at == '\t'))
        at++;
    return at == header->value.at;
}

/* Whether @next is where @n ends of lines after @end let it be: an LF, maybe after a CR, each. */
static bool is_after(const char *next, const char *end, unsigned n)
{
    return next >= end + n && next <= end + 2 * n;
}

/* Whether the head has a NUL at the end of a line. @i: which header comes after it. */
static bool has_gap(const struct http_head *head, unsigned i)
{
    const struct http_field *headers = head->headers.items;
    const char *end = i ? headers[i - 1].value.at + headers[i - 1].value.len
                        : head->version + strlen(head->version);

    return i < head->headers.n ? !is_after(headers[i].name.at, end, 1)
                               : !is_after(head->end, end, 2);
}

static bool is_called(const struct http_field *header, const char *name)
{
    return header->name.len == strlen(name) &&
           strncasecmp(header->name.at, name, header->name.len) == 0;
}

/* The length of the body, or where it ends, must be certain (RFC 9112, 6.3). */
static struct http_head_problem check_body(const struct http_fields *headers)
{
    const struct http_field *length = NULL, *coding = NULL;

    for (unsigned i = 0; i < headers->n; i++) {
        const struct http_field *header = &headers->items[i];

        if (is_called(header, "Content-Length")) {
            if (length && !slice_equal(length->value, header->value))
                return PROBLEM(400, "the request has two lengths.");
            length = header;
        } else if (is_called(header, "Transfer-Encoding")) {
            if (coding)
                return PROBLEM(400, "the request has two transfer codings.");
            coding = header;
        }
    }
    if (!coding)
        return NO_PROBLEM;
    if (length)
        return PROBLEM(400, "the request has both a length and a transfer coding.");
    if (coding->value.len != strlen("chunked") ||
        strncasecmp(coding->value.at, "chunked", coding->value.len) != 0)
        return PROBLEM(501, "chunked is the only transfer coding that is understood.");
    return NO_PROBLEM;
}

static struct http_head_problem check_fields(const struct http_head *head)
{
    for (unsigned i = 0; i < head->headers.n; i++) {
        const struct http_field *header = &head->headers.items[i];

        if (!is_one_line(header))
            return PROBLEM(400, "a header is spread over several lines.");
        if (!is_token(header->name))
            return PROBLEM(400, "the name of a header is not a token.");
        if (!is_value(header->value) || has_gap(head, i))
            return PROBLEM(400, "a header has a control character.");
    }
    if (has_gap(head, head->headers.n))
        return PROBLEM(400, "the head has a NUL.");
    return NO_PROBLEM;
}

struct http_head_problem head_check(const struct http_head *head)
{
    struct http_head_problem problem;

    if (head->version - head->begin > HTTP_HEAD_MAX)
        return PROBLEM(414, "the target of the request is longer than 8 KiB.");
    if (head->end - head->begin > HTTP_HEAD_MAX)
        return PROBLEM(431, "the head of the request is longer than 8 KiB.");
    if (head->version != head->target.at + head->target.len + 1)
        return PROBLEM(400, "the target has a NUL.");
    problem = check_fields(head);
    return problem.status ? problem : check_body(&head->headers);
}
