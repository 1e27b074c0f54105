/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Template
 *
 * A template is cut into parts once, in two passes: the first counts them, the second stores them.
 * The two syntaxes differ only in how a reference is read.
 */

#include "mapping/template.h"

#include <errno.h>

/* What stands at a '$'. */
struct reference {
    size_t len;        /* its bytes, with the '$' */
    struct slice name; /* the group's number or name; empty: it stands for @text */
    struct slice text;
};

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The characters of a name at @at, of which '$' is one if @has_dollars. */
static struct slice read_name(struct slice text, size_t at, bool has_dollars)
{
    size_t end = at;

    while (end < text.len && (is_word_char(text.at[end]) || (has_dollars && text.at[end] == '$')))
        end++;
    return (struct slice){ text.at + at, end - at };
}

/* A '$' that is only that. */
static struct reference plain_dollar(struct slice text)
{
    return (struct reference){ .len = 1, .text = { text.at, 1 } };
}

/* @text begins with a '$'. */
static struct reference read_glob_reference(struct slice text)
{
    size_t at = text.len > 1 && text.at[1] == '{' ? 2 : 1;
    struct slice name = read_name(text, at, true);

    if (name.len == 0)
        return plain_dollar(text);
    at += name.len;
    at += at < text.len && text.at[at] == '}';
    return (struct reference){ .len = at, .name = name };
}

static struct reference read_regex_reference(struct slice text)
{
    bool has_brace = text.len > 1 && text.at[1] == '{';
    size_t at = has_brace ? 2 : 1;
    struct slice name = read_name(text, at, false);

    if (text.len > 1 && text.at[1] == '$')
        return (struct reference){ .len = 2, .text = { text.at, 1 } };
    at += name.len;
    if (name.len == 0 || (has_brace && (at == text.len || text.at[at] != '}')))
        return plain_dollar(text);
    return (struct reference){ .len = at + has_brace, .name = name };
}

static bool is_number(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] < '0' || name.at[i] > '9')
            return false;
    return true;
}

static size_t read_number(struct slice name, size_t max)
{
    size_t number = 0;

    for (size_t i = 0; i < name.len && number <= max; i++)
        number = 10 * number + (size_t)(name.at[i] - '0');
    return number;
}

/* The group of the number @name, or TEMPLATE_TEXT. In a glob, there is no group 0. */
static size_t find_number(struct slice name, const struct template_groups *groups)
{
    bool has_zero = name.len > 1 && name.at[0] == '0';
    size_t number;

    if (!is_number(name) || (has_zero && groups->syntax == TEMPLATE_REGEX))
        return TEMPLATE_TEXT;
    number = read_number(name, groups->n);
    if (number >= groups->n || (number == 0 && groups->syntax == TEMPLATE_GLOB))
        return TEMPLATE_TEXT;
    return number;
}

/* Add a part, or only count it if there is no memory for parts yet. */
static void add_part(struct template_parts *parts, struct template_part part)
{
    if (part.group == TEMPLATE_TEXT && part.text.len == 0)
        return;
    if (parts->items)
        parts->items[parts->n] = part;
    parts->n++;
}

/* Add the group or groups called @name. Returns false if there is none. */
static bool add_groups(struct template_parts *parts, struct slice name,
                       const struct template_groups *groups)
{
    size_t number = find_number(name, groups);
    bool is_found = number != TEMPLATE_TEXT;

    if (is_found)
        add_part(parts, (struct template_part){ .group = number });
    for (size_t i = 0; groups->names && number == TEMPLATE_TEXT && i < groups->n; i++)
        if (slice_equal(groups->names[i], name)) {
            add_part(parts, (struct template_part){ .group = i, .is_instead = is_found });
            is_found = true;
        }
    return is_found;
}

static void add_text(struct template_parts *parts, struct slice text)
{
    add_part(parts, (struct template_part){ .text = text, .group = TEMPLATE_TEXT });
}

static void cut(struct slice text, const struct template_groups *groups,
                struct template_parts *parts, struct slice *ret_missing)
{
    const char *dollar;

    parts->n = 0;
    *ret_missing = (struct slice){ NULL, 0 };
    while (text.len && (dollar = memchr(text.at, '$', text.len))) {
        struct slice before = { text.at, (size_t)(dollar - text.at) };
        struct reference reference;

        text = (struct slice){ dollar, text.len - before.len };
        reference = groups->syntax == TEMPLATE_GLOB ? read_glob_reference(text)
                                                    : read_regex_reference(text);
        add_text(parts, before);
        add_text(parts, reference.text);
        if (reference.name.len && !add_groups(parts, reference.name, groups) &&
            ret_missing->len == 0)
            *ret_missing = (struct slice){ dollar, reference.len };
        text = (struct slice){ text.at + reference.len, text.len - reference.len };
    }
    add_text(parts, text);
}

int template_compile(struct arena *arena, struct slice text, const struct template_groups *groups,
                     struct template_parts *ret, struct slice *ret_missing)
{
    *ret = (struct template_parts){ 0 };
    cut(text, groups, ret, ret_missing);
    ret->items = arena_alloc(arena, (ret->n + 1) * sizeof(*ret->items));
    if (!ret->items)
        return -ENOMEM;
    cut(text, groups, ret, ret_missing);
    return 0;
}

static struct slice part_text(const struct template_part *part, const struct slice *groups)
{
    return part->group == TEMPLATE_TEXT ? part->text : groups[part->group];
}

bool template_expand(const struct template_parts *parts, const struct slice *groups, char *out,
                     size_t room, struct slice *ret)
{
    bool took_part = true;
    size_t len = 0;

    if (parts->n == 1) {
        *ret = part_text(&parts->items[0], groups);
        return ret->len <= room;
    }
    for (size_t i = 0; i < parts->n; i++) {
        struct slice text = part_text(&parts->items[i], groups);

        if (parts->items[i].is_instead && took_part)
            continue;
        took_part = text.at != NULL;
        if (text.len > room - len)
            return false;
        if (text.at && text.len)
            memcpy(out + len, text.at, text.len);
        len += text.len;
    }
    *ret = (struct slice){ out, len };
    return true;
}
