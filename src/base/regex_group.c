/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Regex group
 *
 * Parentheses. Names stay with the parser, which numbers groups as Go and PCRE2 do; PCRE2 gets
 * groups without names.
 */

#include "base/regex_group.h"

/* What may follow "(" in PCRE2, and not in Go: the first that fits. */
static const struct {
    const char *begin, *what;
} foreign_groups[] = {
    { "?=", "a lookahead" },       { "?!", "a lookahead" },
    { "?<=", "a lookbehind" },     { "?<!", "a lookbehind" },
    { "?>", "an atomic group" },   { "?#", "a comment" },
    { "?|", "a branch reset" },    { "?(", "a condition" },
    { "?&", "a call of a group" }, { "?P>", "a call of a group" },
    { "?P=", "a back reference" }, { "?R", "a recursion" },
    { "?C", "a callout" },         { "?'", "a name in quotes; write (?P<name>" },
};

static bool refuse_group(struct regex_parser *parser)
{
    struct slice rest = regex_rest(parser);

    for (size_t i = 0; i < ARRAY_SIZE(foreign_groups); i++)
        if (slice_starts_with((struct slice){ rest.at + 1, rest.len - 1 },
                              slice_of(foreign_groups[i].begin)))
            return regex_refuse(parser, parser->at, "(%s (%s) is not in Go's regexp",
                                foreign_groups[i].begin, foreign_groups[i].what);
    if (rest.len > 2 && ((rest.at[2] >= '0' && rest.at[2] <= '9') || rest.at[2] == '+'))
        return regex_refuse(parser, parser->at, "(?%c (a call of a group) is not in Go's regexp",
                            rest.at[2]);
    return regex_refuse(parser, parser->at,
                        "after (? Go's regexp takes P<name>, or the flags "
                        "i, m, s and U with : or )");
}

static bool open_group(struct regex_parser *parser, size_t begin, unsigned flags)
{
    if (parser->depth == REGEX_DEPTH_MAX)
        return regex_refuse(parser, parser->at, "parentheses are nested more than %d deep",
                            REGEX_DEPTH_MAX);
    regex_end_atom(parser);
    parser->frames[++parser->depth] =
        (struct regex_frame){ .flags = parser->flags, .n_copies = 1, .begin = begin };
    parser->flags = flags;
    return true;
}

static bool open_capture(struct regex_parser *parser, struct slice name)
{
    size_t begin = parser->out->len;

    parser->groups.names[parser->groups.n++] = name;
    buffer_add_char(parser->out, '(');
    return open_group(parser, begin, parser->flags);
}

static bool is_group_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '_')
            return false;
    }
    return name.len > 0;
}

/* @prefix, such as "(?P<", comes next. */
static bool parse_named(struct regex_parser *parser, struct slice prefix)
{
    struct slice rest = regex_rest(parser);
    const char *end = memchr(rest.at, '>', rest.len);
    struct slice name;

    if (!end)
        return regex_refuse(parser, parser->at, "this name does not end; a '>' is missing");
    name = (struct slice){ rest.at + prefix.len, (size_t)(end - rest.at) - prefix.len };
    if (!is_group_name(name))
        return regex_refuse(parser, parser->at, "a group's name has letters, digits and '_'");
    parser->at += prefix.len + name.len + 1;
    return open_capture(parser, name);
}

/* Write what makes PCRE2's flags equal to @flags: "(?i-s", without its end. */
static void write_flags(struct regex_parser *parser, unsigned flags)
{
    unsigned off = ~flags & (REGEX_FOLD | REGEX_DOT_ALL);

    buffer_add_literal(parser->out, "(?");
    if (flags & REGEX_FOLD)
        buffer_add_char(parser->out, 'i');
    if (flags & REGEX_DOT_ALL)
        buffer_add_char(parser->out, 's');
    if (off)
        buffer_add_char(parser->out, '-');
    if (off & REGEX_FOLD)
        buffer_add_char(parser->out, 'i');
    if (off & REGEX_DOT_ALL)
        buffer_add_char(parser->out, 's');
}

static unsigned flag_of(char c)
{
    switch (c) {
    case 'i': return REGEX_FOLD;
    case 's': return REGEX_DOT_ALL;
    case 'm': return REGEX_MULTI_LINE;
    case 'U': return REGEX_SWAPPED;
    default: return 0;
    }
}

/* (?flags) or (?flags:, of which either "on" or "off" may be empty: on-off. */
static bool parse_flags(struct regex_parser *parser)
{
    struct slice rest = regex_rest(parser);
    unsigned flags = parser->flags;
    bool is_off = false, has_flag = false;
    size_t begin = parser->out->len, i;

    for (i = 2; i < rest.len && rest.at[i] != ':' && rest.at[i] != ')'; i++) {
        unsigned flag = flag_of(rest.at[i]);

        if (flag == 0 && (rest.at[i] != '-' || is_off))
            return refuse_group(parser);
        has_flag = flag != 0;
        is_off |= flag == 0;
        flags = is_off ? flags & ~flag : flags | flag;
    }
    if (i == rest.len || (is_off && !has_flag))
        return refuse_group(parser);
    parser->at += i + 1;
    write_flags(parser, flags);
    buffer_add_char(parser->out, rest.at[i]);
    if (rest.at[i] == ':')
        return open_group(parser, begin, flags);
    parser->flags = flags;
    return true;
}

bool regex_parse_open(struct regex_parser *parser)
{
    if (!regex_sees(parser, SLICE("(?"))) {
        parser->at++;
        return open_capture(parser, (struct slice){ NULL, 0 });
    }
    if (regex_sees(parser, SLICE("(?P<")))
        return parse_named(parser, SLICE("(?P<"));
    if (regex_sees(parser, SLICE("(?<")) && !regex_sees(parser, SLICE("(?<=")) &&
        !regex_sees(parser, SLICE("(?<!")))
        return parse_named(parser, SLICE("(?<"));
    return parse_flags(parser);
}

bool regex_parse_close(struct regex_parser *parser)
{
    struct regex_frame frame;

    if (parser->depth == 0)
        return regex_refuse(parser, parser->at, "this parenthesis closes nothing");
    regex_end_atom(parser);
    frame = parser->frames[parser->depth--];
    parser->at++;
    parser->flags = frame.flags;
    buffer_add_char(parser->out, ')');
    regex_set_atom(parser, frame.begin,
                   (struct regex_atom){
                       .is_simple = true,
                       .may_be_empty = frame.may_be_empty || !frame.has_text,
                       .n_copies = frame.n_copies,
                   });
    return true;
}
