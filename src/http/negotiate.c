/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Negotiate
 *
 * Accept, Accept-Encoding and their like are lists of one form: "name;parameter;q=0.5, name".
 * They differ in what a name is and in which entry wins. So one function reads an entry and
 * its weight, and one for each header chooses among the entries.
 *
 * A client gets its page even if an entry is malformed: malformed weights and unknown names
 * are ignored.
 */

#include "http/negotiate.h"

#include <strings.h>

struct entry {
    struct slice name;
    unsigned weight;
};

/* "0.25" is 250. Digits after the first four are ignored, but only zeros make 0. */
static unsigned parse_weight(struct slice text)
{
    unsigned weight = 0, scale = NEGOTIATE_WEIGHT_MAX;
    bool is_0 = true;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '.')
            continue;
        if (text.at[i] < '0' || text.at[i] > '9')
            return NEGOTIATE_WEIGHT_MAX;
        weight += (unsigned)(text.at[i] - '0') * scale;
        is_0 = is_0 && text.at[i] == '0';
        scale /= 10;
    }
    if (weight > NEGOTIATE_WEIGHT_MAX)
        return NEGOTIATE_WEIGHT_MAX;
    return weight == 0 && !is_0 ? 1 : weight;
}

static unsigned find_weight(struct slice parameters)
{
    while (parameters.len) {
        struct slice parameter = slice_trim(slice_cut(&parameters, ';'));

        if (parameter.len > 2 && (parameter.at[0] | ' ') == 'q' && parameter.at[1] == '=')
            return parse_weight((struct slice){ parameter.at + 2, parameter.len - 2 });
    }
    return NEGOTIATE_WEIGHT_MAX;
}

/* Remove the first entry from @list, which is not empty. */
static struct entry take_entry(struct slice *list)
{
    struct slice parameters = slice_cut(list, ',');
    struct slice name = slice_trim(slice_cut(&parameters, ';'));

    return (struct entry){ name, find_weight(parameters) };
}

static bool is_name(struct slice name, struct slice wanted)
{
    return name.len == wanted.len && strncasecmp(name.at, wanted.at, name.len) == 0;
}

static bool is_coding(struct slice name, struct slice coding)
{
    if (is_name(name, SLICE("x-gzip")))
        name = SLICE("gzip");
    return is_name(name, coding);
}

/*
 * Look for @coding in one header. Returns true with its weight if it is listed there; the weight
 * of "*" goes to @ret_weight_of_any.
 */
static bool find_coding(struct slice list, struct slice coding, unsigned *ret_weight,
                        unsigned *ret_weight_of_any)
{
    while (list.len) {
        struct entry entry = take_entry(&list);

        if (is_coding(entry.name, coding)) {
            *ret_weight = entry.weight;
            return true;
        }
        if (is_name(entry.name, SLICE("*")))
            *ret_weight_of_any = entry.weight;
    }
    return false;
}

unsigned negotiate_coding(const struct http_request *request, struct slice coding)
{
    unsigned weight, weight_of_any = 0;

    for (unsigned i = 0; i < request->headers.n; i++) {
        const struct http_field *header = &request->headers.items[i];

        if (is_name(header->name, SLICE("Accept-Encoding")) &&
            find_coding(header->value, coding, &weight, &weight_of_any))
            return weight;
    }
    return weight_of_any;
}
