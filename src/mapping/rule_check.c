/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rule check
 *
 * statsd_exporter accepts references in a name where a character may stand, and no other dots,
 * dashes or the like. A template that is cut into parts shows where its text is.
 */

#include "mapping/rule_check.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

static bool is_name_text(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_name_char(text.at[i]))
            return false;
    return true;
}

/* $1 and ${1}, with or without more after the number; and not $name. */
static bool is_numbered(struct slice reference)
{
    size_t at = reference.len > 1 && reference.at[1] == '{' ? 2 : 1;

    return reference.len > at && is_digit(reference.at[at]);
}

const char *rule_check_name(struct slice name, const struct template_parts *parts,
                            struct slice missing)
{
    if (name.len == 0)
        return "a rule needs the name of the metric that it makes";
    for (size_t i = 0; i < parts->n; i++)
        if (!is_name_text(parts->items[i].text))
            return "a name has letters, digits and '_', and references such as ${1}";
    if (is_digit(name.at[0]))
        return "a name cannot begin with a digit";
    if (missing.len && !is_numbered(missing))
        return "this name refers to a group that the match does not have";
    return NULL;
}

const char *rule_check_label(struct slice name)
{
    if (name.len == 0)
        return "a label needs a name";
    if (!is_name_text(name))
        return "the name of a label has letters, digits and '_'";
    if (is_digit(name.at[0]))
        return "the name of a label cannot begin with a digit";
    if (slice_starts_with(name, SLICE("__")))
        return "Prometheus keeps names of labels that begin with '__' to itself";
    return NULL;
}

void rule_check_missing(struct slice missing, struct buffer *out)
{
    size_t end = 1;

    buffer_add(out, missing);
    buffer_add_literal(out, " names no group of the match, so it stands for nothing");
    while (end < missing.len && is_digit(missing.at[end]))
        end++;
    if (end > 1 && end < missing.len && missing.at[end] != '}') {
        buffer_add_literal(out, "; write ${");
        buffer_add(out, (struct slice){ missing.at + 1, end - 1 });
        buffer_add_char(out, '}');
        buffer_add(out, (struct slice){ missing.at + end, missing.len - end });
    }
}
