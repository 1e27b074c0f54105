/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Type TTL
 *
 * The names of types are those of udometer's own metrics and messages.
 */

#include "config/type_ttl.h"

#include <errno.h>
#include <string.h>

static const struct value_range ttl_range = {
    .least = 1, .most = 1000000000, .unit = VALUE_SECONDS, .zero = ""
};

/* The type called @name; _METRIC_TYPE_N if there is none. */
static enum metric_type find_type(struct slice name)
{
    enum metric_type type = 0;

    while (type < _METRIC_TYPE_N && !slice_equal(name, slice_of(metric_type_name(type))))
        type++;
    return type;
}

static int read_type_ttl(void *to, const char *text, const struct value_range *range,
                         struct buffer *wrong)
{
    const char *end = strchrnul(text, '=');
    struct type_ttl ttl = { .type = find_type((struct slice){ text, (size_t)(end - text) }) };

    if (ttl.type < _METRIC_TYPE_N && *end && value_parse_number(&ttl.ttl_s, end + 1, &ttl_range)) {
        *(struct type_ttl *)to = ttl;
        return 0;
    }
    buffer_add_literal(wrong, "expected a type (");
    for (enum metric_type type = 0; type < _METRIC_TYPE_N; type++)
        buffer_add_format(wrong, "%s%s", type ? ", " : "", metric_type_name(type));
    buffer_add_literal(wrong, "), = and a duration, like gauge=5m; 0s means never");
    return -EINVAL;
}

static void write_type_ttl(const void *value, const struct value_range *range, struct buffer *out)
{
    const struct type_ttl *ttl = value;

    buffer_add_format(out, "%s=", metric_type_name(ttl->type));
    value_number.write(&ttl->ttl_s, &ttl_range, out);
}

const struct value_form value_type_ttl = {
    .size = sizeof(struct type_ttl),
    .read = read_type_ttl,
    .write = write_type_ttl,
};
