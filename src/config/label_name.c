/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Label name
 *
 * What a sender writes as a tag is turned into a name. What a file says is meant for Prometheus, so
 * it must be a name already; the message has the one that it would be turned into.
 */

#include "config/label_name.h"

#include "mapping/name.h"

/* The longest name that is quoted. */
#define QUOTE_MAX 100

static bool refuse(struct draft *draft, const char *key, const struct node *node, const char *wrong)
{
    CLEANUP(buffer_deinit) struct buffer before = { 0 };

    buffer_add_format(&before, "%s: ", key);
    problems_add_value(draft->problems, node->place, buffer_text(&before), node->text,
                       slice_of(wrong));
    return false;
}

static bool refuse_spelling(struct draft *draft, const char *key, const struct node *node)
{
    CLEANUP(buffer_deinit) struct buffer wrong = { 0 };
    char written[NAME_WRITTEN_MAX(QUOTE_MAX)];

    buffer_add_literal(&wrong, "expected a label name of letters, digits and _");
    if (node->text.len && node->text.len <= QUOTE_MAX) {
        struct slice name = name_write(written, node->text);

        buffer_add_format(&wrong, "; did you mean %.*s?", (int)name.len, name.at);
    }
    buffer_add_char(&wrong, '\0');
    return refuse(draft, key, node, wrong.data ? wrong.data : "");
}

bool label_name_check(struct draft *draft, const char *key, const struct node *node,
                      enum metric_type type)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    struct slice name = node->text;

    if (node->shape != NODE_SCALAR) {
        problems_add(draft->problems, node->place, "%s: expected the name of a label", key);
        return false;
    }
    if (name.len == 0 || strspn(name.at, allowed) != name.len ||
        (name.at[0] >= '0' && name.at[0] <= '9'))
        return refuse_spelling(draft, key, node);
    if (slice_starts_with(name, SLICE("__")))
        return refuse(draft, key, node, "names that begin with __ belong to Prometheus");
    if (!slice_equal(own_label_rename(metric_type_own_label(type), name), name))
        return refuse(draft, key, node,
                      "is the label of this type's own buckets; use another name");
    return true;
}
