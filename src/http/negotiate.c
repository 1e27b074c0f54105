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
    struct slice parameters; /* all, the weight among them */
    unsigned weight;
};

static bool is_name(struct slice name, struct slice wanted)
{
    return name.len == wanted.len &&
           (name.len == 0 || strncasecmp(name.at, wanted.at, name.len) == 0);
}

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

/* Take the next parameter of @list, "name=value". False at its end. */
static bool take_parameter(struct slice *list, struct slice *ret_name, struct slice *ret_value)
{
    struct slice value;

    if (list->len == 0)
        return false;
    value = slice_trim(slice_cut(list, ';'));
    *ret_name = slice_trim(slice_cut(&value, '='));
    value = slice_trim(value);
    if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
        value = (struct slice){ value.at + 1, value.len - 2 };
    *ret_value = value;
    return true;
}

static unsigned find_weight(struct slice parameters)
{
    struct slice name, value;

    while (take_parameter(&parameters, &name, &value))
        if (is_name(name, SLICE("q")) && value.len)
            return parse_weight(value);
    return NEGOTIATE_WEIGHT_MAX;
}

/* Remove the first entry from @list, which is not empty. */
static struct entry take_entry(struct slice *list)
{
    struct slice parameters = slice_cut(list, ',');
    struct slice name = slice_trim(slice_cut(&parameters, ';'));

    return (struct entry){ name, parameters, find_weight(parameters) };
}

/* --- Accept-Encoding -------------------------------------------------------------------- */

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

/* --- Accept ------------------------------------------------------------------------------- */

struct slice negotiate_parameter(struct slice parameters, struct slice wanted)
{
    struct slice name, value;

    while (take_parameter(&parameters, &name, &value))
        if (is_name(name, wanted))
            return value;
    return (struct slice){ 0 };
}

/* What is known of an offer after some entries. */
struct standing {
    unsigned weight, specificity; /* of the entry below; specificity 0: no entry has matched */
    unsigned position;            /* of the entry, from the first */
    struct slice parameters;      /* of the entry */
};

/*
 * How specific @entry is for an offer with @type and @parameters; 0 if it does not match. An
 * asterisk for all is 1, one for a subtype 2, a type 3, and each parameter adds 1.
 */
static unsigned match_media(const struct entry *entry, struct slice type, struct slice parameters,
                            struct slice free)
{
    struct slice rest = entry->parameters, name, value;
    struct slice subtypes = entry->name;
    unsigned specificity = 3;

    if (is_name(entry->name, SLICE("*/*")))
        return 1;
    if (subtypes.len > 2 && memcmp(subtypes.at + subtypes.len - 2, "/*", 2) == 0) {
        subtypes.len--; /* "text/" */
        return type.len > subtypes.len && is_name((struct slice){ type.at, subtypes.len }, subtypes)
                   ? 2
                   : 0;
    }
    if (!is_name(entry->name, type))
        return 0;
    while (take_parameter(&rest, &name, &value) && !is_name(name, SLICE("q"))) {
        if (name.len == 0 || is_name(name, free))
            continue;
        if (!is_name(negotiate_parameter(parameters, name), value))
            return 0;
        specificity++;
    }
    return specificity;
}

/* Whether an offer stands better than another. */
static bool is_better(const struct standing *a, const struct standing *b)
{
    if (a->weight != b->weight)
        return a->weight > b->weight;
    if (a->specificity != b->specificity)
        return a->specificity > b->specificity;
    return a->position < b->position;
}

/* Take the entries of one header into account. */
static void rank_offer(struct standing *standing, const char *offer, struct slice list,
                       unsigned position, struct slice free)
{
    struct slice parameters = slice_of(offer), type = slice_trim(slice_cut(&parameters, ';'));

    for (; list.len; position++) {
        struct entry entry = take_entry(&list);
        unsigned specificity = match_media(&entry, type, parameters, free);

        if (specificity > standing->specificity)
            *standing = (struct standing){ entry.weight, specificity, position, entry.parameters };
    }
}

static struct standing rank(const struct http_request *request, const char *offer,
                            struct slice free)
{
    struct standing standing = { 0 };
    unsigned position = 0;

    for (unsigned i = 0; i < request->headers.n; i++) {
        const struct http_field *header = &request->headers.items[i];

        if (!is_name(header->name, SLICE("Accept")))
            continue;
        rank_offer(&standing, offer, header->value, position, free);
        position += (unsigned)header->value.len + 1; /* more than it has entries */
    }
    return standing;
}

struct media_choice negotiate_media(const struct http_request *request, const char *const *offers,
                                    unsigned n, struct slice free)
{
    struct media_choice choice = { 0 };
    struct standing best = { 0 };

    for (unsigned i = 0; i < n; i++) {
        struct standing standing = rank(request, offers[i], free);

        if (standing.weight > 0 && is_better(&standing, &best)) {
            best = standing;
            choice = (struct media_choice){ i, standing.parameters };
        }
    }
    return choice;
}
