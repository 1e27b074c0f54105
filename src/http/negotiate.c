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

unsigned negotiate_coding(struct slice header, struct slice coding)
{
    unsigned weight_of_any = 0;

    while (header.len) {
        struct entry entry = take_entry(&header);

        if (is_coding(entry.name, coding))
            return entry.weight;
        if (is_name(entry.name, SLICE("*")))
            weight_of_any = entry.weight;
    }
    return weight_of_any;
}
